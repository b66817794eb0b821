//! The server that cells run on, reached or started when the first cell needs it.

use std::path::Path;

use livy_client::{Client, Options};

use crate::{
    failure::Failure,
    local::Local,
    settings::{self, LIVY_URL, Place, SettingsError},
};

/// A server.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Asks the server.
    pub client: Client,
    /// The process of Spark on this machine, if it is that.
    pub local: Option<Local>,
}

impl From<Client> for Connection {
    fn from(client: Client) -> Self {
        Self { client, local: None }
    }
}

impl Connection {
    /// Reaches the place that the settings name. For a Livy server that costs nothing yet; Spark on
    /// this machine has its lease in this file.
    pub async fn open(place: &Result<Place, SettingsError>, lease: &Path) -> Result<Self, Failure> {
        match place {
            Ok(Place::Livy(options)) => client((**options).clone()).map(Self::from),
            Ok(Place::Here(python)) => {
                let local = Local::open(lease, python.as_deref()).await?;
                Ok(Self { client: client(local.lease().options()?)?, local: Some(local) })
            }
            Err(error) => Err(Failure::new(
                "SettingsError",
                error.to_string(),
                "Correct it where it was set, and restart the kernel.",
            )),
        }
    }

    /// Where cells run, to a person.
    pub fn describe(&self) -> String {
        match &self.local {
            None if self.client.trusts_everybody() => {
                format!("{} (its certificate is NOT checked)", self.client.endpoint())
            }
            None => format!("{}{}", self.client.endpoint(), whence()),
            Some(local) => format!(
                "this machine: Spark {} (no {LIVY_URL} is set, so the kernel started it and will end it)",
                local.lease().spark
            ),
        }
    }

    /// Whether it is a process on this machine that has ended.
    pub async fn is_gone(&self) -> bool {
        match &self.local {
            Some(local) => local.is_gone().await,
            None => false,
        }
    }
}

/// An address that somebody may not know to have set.
fn whence() -> &'static str {
    let settings = settings::current();
    let is_sparkmagics = settings.variable(LIVY_URL).is_none() && settings.sparkmagic.is_some();
    if is_sparkmagics { " (of sparkmagic's config.json)" } else { "" }
}

fn client(options: Options) -> Result<Client, Failure> {
    Client::with(options).map_err(|error| {
        Failure::new("LivyError", error.to_string(), "Mend that, and run the cell again.")
    })
}
