use serde::Serialize;

/// The [reply](https://jupyter-client.readthedocs.io/en/stable/messaging.html#request-reply) to any
/// request that failed; it has the message type of the usual reply.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "status", rename = "error")]
pub struct ErrorReply {
    /// The exception's name.
    pub ename: String,
    /// The exception's message.
    pub evalue: String,
    /// The lines of the traceback, as they are shown.
    pub traceback: Vec<String>,
}

impl ErrorReply {
    /// Makes an error without a traceback.
    pub fn new(ename: impl Into<String>, evalue: impl Into<String>) -> Self {
        Self { ename: ename.into(), evalue: evalue.into(), traceback: Vec::new() }
    }
}
