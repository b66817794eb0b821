//! Connects a command to the Livy server of the settings.

use livy_client::{Client, Id, Options, ResendPolicy};

use crate::{
    server::{
        connection::client_of,
        locate::{self, LocateError},
        resource::Resource,
    },
    settings::{Settings, Target},
    terminal::error::CommandError,
};

/// Returns a client for the server of the settings.
///
/// # Errors
///
/// Fails if a setting is wrong or no server is set.
pub fn connect(settings: &Settings, resend: ResendPolicy) -> Result<Client, CommandError> {
    match settings.target()? {
        Target::Remote { options, requests_per_second, .. } => {
            Ok(client_of(Options { resend, ..*options }, requests_per_second)?)
        }
        Target::Local { .. } => Err(CommandError::NoServer),
    }
}

/// Returns a client for the Livy that has a session or batch, if there may be several.
///
/// # Errors
///
/// No server can be reached or has it, or several have one of this id.
pub async fn way_to(resource: Resource, client: &Client, id: &Id) -> Result<Client, CommandError> {
    locate::way_to(resource, client, id).await.map_err(|error| match error {
        LocateError::Livy(error) => CommandError::Livy(error),
        LocateError::Ambiguous(..) | LocateError::Unsure(..) => {
            CommandError::Other(error.to_string())
        }
    })
}
