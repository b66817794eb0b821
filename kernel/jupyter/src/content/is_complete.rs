use serde::{Deserialize, Serialize};

use super::Content;

/// [`is_complete_request`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#code-completeness):
/// asks whether a console may run what has been typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IsCompleteRequest {
    /// The code typed so far.
    pub code: String,
}

/// [`is_complete_reply`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#code-completeness):
/// says whether the code can run.
#[derive(Clone, Debug, Serialize)]
pub struct IsCompleteReply {
    /// Whether the code can run as it is.
    pub status: Completeness,
    /// The indentation of the next line, if more is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indent: Option<String>,
}

/// Whether code can run as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Completeness {
    /// The code can run.
    Complete,
    /// More lines are needed.
    Incomplete,
    /// More lines would not help.
    Invalid,
    /// The kernel does not know.
    Unknown,
}

impl IsCompleteReply {
    /// Makes a reply without an indentation.
    pub fn new(status: Completeness) -> Self {
        Self { status, indent: None }
    }

    /// Says that more lines are needed, and how to indent the next one.
    pub fn incomplete(indent: impl Into<String>) -> Self {
        Self { status: Completeness::Incomplete, indent: Some(indent.into()) }
    }
}

impl Content for IsCompleteReply {
    const MSG_TYPE: &'static str = "is_complete_reply";
}
