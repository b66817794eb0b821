use serde::Serialize;

/// The [reply](https://jupyter-client.readthedocs.io/en/stable/messaging.html#request-reply) to any
/// request that failed; its message type is the request's own.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "status", rename = "error")]
pub struct ErrorReply {
    /// The exception's name.
    pub ename: String,
    /// What it says.
    pub evalue: String,
    /// The lines to show.
    pub traceback: Vec<String>,
}

impl ErrorReply {
    /// An error without a traceback.
    pub fn new(ename: impl Into<String>, evalue: impl Into<String>) -> Self {
        Self { ename: ename.into(), evalue: evalue.into(), traceback: Vec::new() }
    }
}
