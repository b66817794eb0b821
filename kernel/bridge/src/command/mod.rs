//! What a person can ask for at a terminal: one file for each subject.

mod doctor;
mod install;
mod local;
mod log;
mod resource;
mod table;

use std::process::ExitCode;

use livy_client::{Client, Error};

pub use doctor::doctor;
pub use install::{install, uninstall};
pub use local::local;
pub use resource::{Resource, submit};

use crate::{
    kernelspec::KernelspecError,
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
    /// Something else, in its own words.
    #[error("{0}")]
    Other(String),
}

impl CommandError {
    /// 1, or 3 where the server could not be reached.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Livy(
                Error::Unreachable { .. } | Error::Lost { .. } | Error::Untrusted { .. },
            ) => ExitCode::from(3),
            _ => ExitCode::FAILURE,
        }
    }
}

/// The server that the environment names.
fn server() -> Result<Client, CommandError> {
    match settings::place()? {
        Place::Livy(options) => Ok(Client::with(*options)?),
        Place::Here(_) => Err(CommandError::NoServer),
    }
}

/// Prints a line for the person, or for the program that reads this one's output.
#[allow(clippy::print_stdout, reason = "commands answer on stdout")]
fn say(line: impl std::fmt::Display) {
    println!("{line}");
}
