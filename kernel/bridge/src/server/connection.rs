//! Reaches the server that cells run on, or starts it, when the first cell needs it.

use std::path::Path;

use livy_client::{Client, Options};

use crate::{
    error::CellError,
    server::local_process::LocalProcess,
    settings::{LIVY_URL, SettingsError, Target},
};

/// A server that cells run on.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Asks the server.
    pub client: Client,
    /// The process that runs Spark on this machine, if the server is that.
    pub local: Option<LocalProcess>,
    /// Whether sparkmagic's `config.json` names the server.
    from_sparkmagic: bool,
}

impl From<Client> for Connection {
    fn from(client: Client) -> Self {
        Self { client, local: None, from_sparkmagic: false }
    }
}

impl Connection {
    /// Reaches the target that the settings name. For a Livy server that costs nothing yet; Spark on
    /// this machine has its lease in the file `lease`.
    ///
    /// # Errors
    ///
    /// What is wrong with the settings, or why no Spark could be started on this machine.
    pub async fn open(
        target: &Result<Target, SettingsError>,
        lease: &Path,
    ) -> Result<Self, CellError> {
        match target {
            Ok(Target::Remote { options, from_sparkmagic }) => {
                let client = client((**options).clone())?;
                Ok(Self { client, local: None, from_sparkmagic: *from_sparkmagic })
            }
            Ok(Target::Local { python }) => {
                let local = LocalProcess::open(lease, python.as_deref()).await?;
                let client = client(local.lease().options()?)?;
                Ok(Self { client, local: Some(local), from_sparkmagic: false })
            }
            Err(error) => Err(CellError::new(
                "SettingsError",
                error.to_string(),
                "Correct it where it is set, then restart the kernel.",
            )),
        }
    }

    /// Says where cells run.
    pub fn describe(&self) -> String {
        match &self.local {
            None if self.client.accepts_any_certificate() => {
                format!("{} (its certificate is NOT checked)", self.client.endpoint())
            }
            None if self.from_sparkmagic => {
                format!("{} (from sparkmagic's config.json)", self.client.endpoint())
            }
            None => self.client.endpoint().to_string(),
            Some(local) => format!(
                "this machine: Spark {} (no {LIVY_URL} is set, so the kernel started it and will end it)",
                local.lease().spark
            ),
        }
    }

    /// Whether this is a process on this machine, and has ended.
    pub async fn is_gone(&self) -> bool {
        match &self.local {
            Some(local) => local.is_gone().await,
            None => false,
        }
    }
}

fn client(options: Options) -> Result<Client, CellError> {
    Client::with_options(options).map_err(|error| {
        CellError::new("LivyError", error.to_string(), "Fix that, then run the cell again.")
    })
}
