//! Errors that several magics have.

use crate::error::CellError;

/// There is no session, which the magic needs.
pub fn no_session(what: &str) -> CellError {
    CellError::new("NoSessionError", what, "The first cell that runs code starts one.")
}

/// The server has not answered, or refuses.
pub fn unanswered(error: &impl std::fmt::Display) -> CellError {
    CellError::new("LivyError", error.to_string(), "Ask again when the server is back.")
}
