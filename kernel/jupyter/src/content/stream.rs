use serde::Serialize;

use super::Content;

/// [`stream`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#streams-stdout-stderr-etc):
/// printed text.
#[derive(Clone, Debug, Serialize)]
pub struct Stream {
    /// Where it was printed.
    pub name: StreamName,
    /// What.
    pub text: String,
}

/// Where text is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamName {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// Text on standard output.
    pub fn stdout(text: impl Into<String>) -> Self {
        Self { name: StreamName::Stdout, text: text.into() }
    }

    /// Text on standard error.
    pub fn stderr(text: impl Into<String>) -> Self {
        Self { name: StreamName::Stderr, text: text.into() }
    }
}

impl Content for Stream {
    const MSG_TYPE: &'static str = "stream";
}
