use serde::Serialize;

use super::Content;

/// [`stream`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#streams-stdout-stderr-etc):
/// shows printed text.
#[derive(Clone, Debug, Serialize)]
pub struct Stream {
    /// The stream on which it was printed.
    pub name: StreamName,
    /// The printed text.
    pub text: String,
}

/// A standard stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamName {
    /// The standard output.
    Stdout,
    /// The standard error.
    Stderr,
}

impl Stream {
    /// Makes text on standard output.
    pub fn stdout(text: impl Into<String>) -> Self {
        Self { name: StreamName::Stdout, text: text.into() }
    }

    /// Makes text on standard error.
    pub fn stderr(text: impl Into<String>) -> Self {
        Self { name: StreamName::Stderr, text: text.into() }
    }
}

impl Content for Stream {
    const MSG_TYPE: &'static str = "stream";
}
