use serde::Serialize;

use super::Content;

/// [`error`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#execution-errors):
/// shows why a cell failed; its reply will say the same.
#[derive(Clone, Debug, Serialize)]
pub struct Error {
    /// The exception's name.
    pub ename: String,
    /// The exception's message.
    pub evalue: String,
    /// The lines of the traceback, as they are shown.
    pub traceback: Vec<String>,
}

impl Content for Error {
    const MSG_TYPE: &'static str = "error";
}
