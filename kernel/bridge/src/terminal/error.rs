//! The errors of commands, and the exit codes that they lead to.

use std::{io, process::ExitCode};

use livy_client::{Error, Id, SessionState};

use crate::{
    platform::signals::EndSignal,
    policy::PolicyError,
    records::AuditError,
    settings::{LIVY_URL, SettingsError},
    terminal::kernelspec::KernelspecError,
};

/// The reason why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The server refused a request, or could not be asked.
    #[error(transparent)]
    Livy(#[from] Error),
    /// A setting is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A policy refuses what was asked for.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// What is done must be recorded, and cannot be.
    #[error(
        "{0}. Nothing was sent; ask whoever runs this platform, or see audit.to in the settings"
    )]
    Audit(#[from] AuditError),
    /// A kernelspec could not be installed or removed.
    #[error(transparent)]
    Kernelspec(#[from] KernelspecError),
    /// Spark on this machine did not start.
    #[error(transparent)]
    Local(#[from] livy_local::StartError),
    /// No server is set.
    #[error(
        "{LIVY_URL} is not set, so no server can be asked. Set it to the address of a Livy server, or \
         run `livy-kernel local`, which starts one on this machine and prints its address."
    )]
    NoServer,
    /// The server did not answer a submission, which it may have received.
    #[error(
        "{error}. The batch may run nevertheless: check with `{look}` before you submit it again"
    )]
    MayRun {
        /// The reason why there is no answer.
        error: Error,
        /// The command that shows the batch.
        look: String,
    },
    /// A batch that was followed did not succeed.
    #[error("batch {0} ended in state {1}; its log has the reason")]
    EndedBadly(Id, SessionState),
    /// A batch was deleted while it was followed.
    #[error("batch {0} was deleted while its log was followed, so its result is not known")]
    Deleted(Id),
    /// Some could not be ended; each has its own message.
    #[error("{failed} of {of} could not be ended")]
    NotEnded {
        /// The number that could not be ended.
        failed: usize,
        /// The number that should be ended.
        of: usize,
        /// Whether the server could be reached for any of them.
        reached: bool,
    },
    /// The command line asks for what cannot be done.
    #[error("{0}")]
    Usage(String),
    /// A cell has failed, whose traceback has been shown.
    #[error("cell [{count}] failed: {ename}: {evalue}")]
    Cell {
        /// The cell's number.
        count: u64,
        /// The error's class.
        ename: String,
        /// The error's message.
        evalue: String,
    },
    /// A signal has ended the run of cells.
    #[error("{}", ended(*signal, *cell))]
    Ended {
        /// The signal.
        signal: EndSignal,
        /// The number of the cell that ran.
        cell: Option<u64>,
    },
    /// The result could not be written.
    #[error("the result could not be written ({0})")]
    Output(#[from] io::Error),
    /// Any other error, as a message for the user.
    #[error("{0}")]
    Other(String),
}

impl CommandError {
    /// Returns 3 if the server could not be reached, 2 if a setting is wrong, missing or refused or the command line
    /// makes no sense, what shells expect after a signal, otherwise 1.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            _ if self.is_unreachable() => ExitCode::from(3),
            Self::Settings(_) | Self::Policy(_) | Self::NoServer | Self::Usage(_) => {
                ExitCode::from(2)
            }
            Self::Ended { signal, .. } => ExitCode::from(signal.exit_code()),
            _ => ExitCode::FAILURE,
        }
    }

    /// Returns whether the server could not be reached.
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Livy(error) | Self::MayRun { error, .. } => matches!(
                error,
                Error::Unreachable { .. } | Error::Lost { .. } | Error::Untrusted { .. }
            ),
            Self::NotEnded { reached, .. } => !reached,
            _ => false,
        }
    }

    /// Returns whether the reader has closed the pipe, as `head` does when it has enough lines.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

fn ended(signal: EndSignal, cell: Option<u64>) -> String {
    let by = match signal {
        EndSignal::Hangup => "the end of the terminal (SIGHUP)",
        EndSignal::Interrupt => "Ctrl-C",
        EndSignal::Terminate => "SIGTERM",
    };
    match cell {
        Some(count) => {
            format!("cell [{count}] was interrupted by {by}; the cells after it did not run")
        }
        None => format!("ended by {by}"),
    }
}
