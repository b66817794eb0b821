//! Why nothing was installed.

use std::fmt::Display;

use crate::error::CellError;

/// Something failed that may work the next time.
pub fn failed(why: &impl Display) -> CellError {
    CellError::new("PipError", format!("nothing was installed: {why}"), "Run the cell again.")
}

/// The user has interrupted it.
pub fn interrupted() -> CellError {
    CellError::interrupted("nothing was installed")
}
