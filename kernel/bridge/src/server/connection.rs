//! Reaches the server that cells run on, or starts it, when the first cell needs it.

use std::{path::Path, sync::Arc};

use livy_client::{Client, Error, Options, Pace};

use crate::{
    error::CellError,
    server::{affinity::Subject, local_process::LocalProcess, pace::SharedPace},
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
    /// Returns the same connection by way of another client of its server.
    pub fn by_way_of(self, client: Client) -> Self {
        Self { client, ..self }
    }

    /// Returns the same connection for something new, which a balancer may place on any Livy.
    pub fn apart(&self) -> Self {
        self.clone().by_way_of(self.client.apart())
    }

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
            Ok(Target::Remote { options, from_sparkmagic, requests_per_second }) => {
                let client = client_of((**options).clone(), *requests_per_second);
                let client = client.map_err(|error| unusable(&error))?;
                Ok(Self { client, local: None, from_sparkmagic: *from_sparkmagic })
            }
            Ok(Target::Local { python }) => {
                let local = LocalProcess::open(lease, python.as_deref()).await?;
                let client = Client::with_options(local.lease().options()?);
                let client = client.map_err(|error| unusable(&error))?;
                Ok(Self { client, local: Some(local), from_sparkmagic: false })
            }
            Err(error) => Err(CellError::new(
                error.ename(),
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

/// Makes the client of a server, which keeps to the pace that the user has set, and whose way leads to the
/// Livy that has this person's batches.
///
/// # Errors
///
/// Those of [`Client::with_options`].
pub fn client_of(options: Options, requests_per_second: Option<f64>) -> Result<Client, Error> {
    let others = options.others.clone().into_iter();
    let others = others.map(|server| paced(server, requests_per_second)).collect();
    let client = Client::with_options(Options { others, ..paced(options, requests_per_second) })?;
    Ok(Subject::batches(&client).client(&client))
}

fn paced(server: Options, requests_per_second: Option<f64>) -> Options {
    let pace = requests_per_second.and_then(|rate| SharedPace::new(&server.endpoint, rate));
    Options { pace: pace.map(|pace| Arc::new(pace) as Arc<dyn Pace>), ..server }
}

fn unusable(error: &Error) -> CellError {
    CellError::new("LivyError", error.to_string(), "Fix that, then run the cell again.")
}
