use serde::Serialize;

use super::Content;

/// [`error`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#execution-errors):
/// a cell failed, and its reply will say the same.
#[derive(Clone, Debug, Serialize)]
pub struct Error {
    /// The exception's name.
    pub ename: String,
    /// What it says.
    pub evalue: String,
    /// The lines to show.
    pub traceback: Vec<String>,
}

impl Content for Error {
    const MSG_TYPE: &'static str = "error";
}
