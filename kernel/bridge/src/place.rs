//! The server that cells run on, reached or started when the first cell needs it.

use std::path::PathBuf;

use livy_client::{Client, Endpoint, Options};
use livy_local::Server;

use crate::{
    failure::Failure,
    settings::{LIVY_URL, Place, SettingsError},
};

/// A server, and what this kernel must end when it ends.
pub struct Connection {
    /// Asks the server.
    pub client: Client,
    /// Spark on this machine, if this kernel started it.
    local: Option<Server>,
}

impl Connection {
    /// Reaches the place that the settings name. For a Livy server that costs nothing yet.
    pub async fn open(place: &Result<Place, SettingsError>) -> Result<Self, Failure> {
        match place {
            Ok(Place::Livy(options)) => {
                client((**options).clone()).map(|client| Self { client, local: None })
            }
            Ok(Place::Here(python)) => Self::start_local(python.clone()).await,
            Err(error) => Err(Failure::new(
                "SettingsError",
                error.to_string(),
                "Correct it where the kernel is started from, and restart the kernel.",
            )),
        }
    }

    async fn start_local(python: Option<PathBuf>) -> Result<Self, Failure> {
        let options = livy_local::Options { python, ..Default::default() };
        let server = livy_local::start(options).await.map_err(|error| {
            Failure::new(
                "NoSparkError",
                format!("No Livy server is configured ({LIVY_URL} is not set), and there is no Spark here"),
                &error.to_string(),
            )
        })?;
        let options = Endpoint::parse(&server.url())
            .map_err(|error| error.to_string())
            .and_then(|endpoint| {
                Options::new(endpoint.with_bearer_token(server.token()))
                    .map_err(|error| error.to_string())
            })
            .map_err(|error| Failure::new("NoSparkError", error, "Please report this."))?;
        Ok(Self { client: client(options)?, local: Some(server) })
    }

    /// Where cells run, to a person.
    pub fn describe(&self) -> String {
        match &self.local {
            None if self.client.trusts_everybody() => {
                format!("{} (its certificate is NOT checked)", self.client.endpoint())
            }
            None => self.client.endpoint().to_string(),
            Some(server) => format!(
                "this machine: Spark {} (no {LIVY_URL} is set, so the kernel started it and will end it)",
                server.spark_version().unwrap_or_default()
            ),
        }
    }

    /// Whether the sessions end with the kernel by themselves.
    pub fn is_local(&self) -> bool {
        self.local.is_some()
    }

    /// Ends what this kernel started.
    pub async fn close(self) {
        if let Some(server) = self.local {
            server.stop().await;
        }
    }
}

fn client(options: Options) -> Result<Client, Failure> {
    Client::with(options).map_err(|error| {
        Failure::new("LivyError", error.to_string(), "Mend that, and run the cell again.")
    })
}
