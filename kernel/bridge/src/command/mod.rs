//! What a person can ask for at a terminal: one file for each subject.

mod config;
mod doctor;
mod follow;
mod install;
mod local;
mod log;
mod orphans;
mod redact;
mod resource;
mod submit;
mod table;
pub mod terminal;

use std::{io, process::ExitCode};

use livy_client::{Client, Error, Id, Options, ResendPolicy, SessionState};

pub use config::config;
pub use doctor::doctor;
pub use follow::{Following, log};
pub use install::{install, uninstall};
pub use local::local;
pub use orphans::end_orphans;
use redact::redacted;
pub use resource::{Resource, Which};
pub use submit::{absolute, submit};
use terminal::say;
pub use terminal::warn;

use crate::{
    kernelspec::KernelspecError,
    leftover::Leftover,
    settings::{self, LIVY_URL, Place, SettingsError},
};

/// Why a command did not do what it was asked for, and with which code the program ends.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The server said no, or is no Livy.
    #[error(transparent)]
    Livy(#[from] Error),
    /// A setting makes no sense.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A kernelspec was not installed or removed.
    #[error(transparent)]
    Kernelspec(#[from] KernelspecError),
    /// Spark on this machine did not start.
    #[error(transparent)]
    Local(#[from] livy_local::StartError),
    /// There is no server to ask.
    #[error(
        "{LIVY_URL} is not set, so there is no server to ask. Set it to a Livy server's address; \
         `livy-kernel local` starts one on this machine and prints its address."
    )]
    NoServer,
    /// A submission without an answer.
    #[error("{error}. The batch may run all the same: look with `{look}` before submitting again")]
    MayRun {
        /// Why there is no answer.
        error: Error,
        /// The command that shows it.
        look: String,
    },
    /// A batch that was followed to another end than success.
    #[error("batch {0} ended in state {1}")]
    EndedBadly(Id, SessionState),
    /// A batch that was followed until it was deleted.
    #[error("batch {0} is no longer there: somebody has deleted it, so how it ended is not known")]
    Ended(Id),
    /// Some could not be ended, as has been said of each.
    #[error("{failed} of {of} have not been ended")]
    NotEnded {
        /// How many.
        failed: usize,
        /// Of how many.
        of: usize,
        /// Whether the server was there for any of them.
        reached: bool,
    },
    /// The answer could not be written.
    #[error("the answer cannot be written ({0})")]
    Output(#[from] io::Error),
    /// Something else, in its own words.
    #[error("{0}")]
    Other(String),
}

impl CommandError {
    /// 1 in general, 2 where there is no server to ask, and 3 where it could not be reached.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            _ if self.is_out_of_reach() => ExitCode::from(3),
            Self::Settings(_) | Self::NoServer => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }

    fn is_out_of_reach(&self) -> bool {
        match self {
            Self::Livy(error) | Self::MayRun { error, .. } => matches!(
                error,
                Error::Unreachable { .. } | Error::Lost { .. } | Error::Untrusted { .. }
            ),
            Self::NotEnded { reached, .. } => !reached,
            _ => false,
        }
    }

    fn is_not_found(&self) -> bool {
        matches!(self, Self::Livy(error) if error.is_not_found())
    }

    /// Whether the reader of the answer has seen enough, as `head` does.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Ends a session that its kernel had to leave behind.
pub async fn end_leftover(leftover: &Leftover) -> Result<(), CommandError> {
    leftover.end(&server(ResendPolicy::NEVER)?).await;
    Ok(())
}

/// The server that the environment names.
fn server(resend: ResendPolicy) -> Result<Client, CommandError> {
    match settings::current().place()? {
        Place::Livy(options) => Ok(Client::with(Options { resend, ..*options })?),
        Place::Here(_) => Err(CommandError::NoServer),
    }
}
