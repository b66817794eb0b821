//! Connects a command to the Livy server of the settings.

use livy_client::{Client, Options, ResendPolicy};

use crate::{
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
        Target::Remote { options, .. } => Ok(Client::with_options(Options { resend, ..*options })?),
        Target::Local { .. } => Err(CommandError::NoServer),
    }
}
