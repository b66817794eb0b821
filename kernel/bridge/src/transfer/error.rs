//! Why a file was not transferred.

use std::{io, path::PathBuf};

use crate::{agent::AgentError, error::CellError, platform::task::Panicked};

/// Why a file was not transferred.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The driver refuses, or is not reached.
    #[error(transparent)]
    Driver(#[from] AgentError),
    /// A file or folder of this machine cannot be used.
    #[error("{}: {error}", path.display())]
    Here { path: PathBuf, error: io::Error },
    /// There is a file of this name on this machine.
    #[error("{} is there already; -f replaces it", .0.display())]
    Exists(PathBuf),
    /// It is no regular file, or it has no name.
    #[error("{} {why}", path.display())]
    Unfit { path: PathBuf, why: &'static str },
    /// A frame is not what was sent.
    #[error("a part of the file has changed on its way")]
    Damaged,
    /// The kernel's own code failed.
    #[error(transparent)]
    Panicked(#[from] Panicked),
}

impl TransferError {
    /// The error of the cell that has asked for it.
    pub fn into_cell_error(self, what: &str) -> CellError {
        let next = match &self {
            Self::Driver(AgentError::Refused(_)) | Self::Exists(_) | Self::Unfit { .. } => {
                "Mend that, then run the cell again."
            }
            _ => "Run the cell again: it goes on where it has stopped.",
        };
        CellError::new("TransferError", format!("{what}: {self}"), next)
    }
}
