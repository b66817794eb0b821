use serde::{Deserialize, Serialize};

use super::Content;

/// [`is_complete_request`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#code-completeness)
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IsCompleteRequest {
    /// What has been typed so far.
    pub code: String,
}

/// [`is_complete_reply`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#code-completeness)
#[derive(Clone, Debug, Serialize)]
pub struct IsCompleteReply {
    /// Whether it can run as it is.
    pub status: Completeness,
    /// How to indent the next line, if more is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indent: Option<String>,
}

/// Whether code can run as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Completeness {
    /// It can.
    Complete,
    /// More lines are needed.
    Incomplete,
    /// More lines would not help.
    Invalid,
    /// The kernel cannot tell.
    Unknown,
}

impl IsCompleteReply {
    /// Without an indent.
    pub fn new(status: Completeness) -> Self {
        Self { status, indent: None }
    }

    /// More lines are needed, the next one indented so.
    pub fn incomplete(indent: impl Into<String>) -> Self {
        Self { status: Completeness::Incomplete, indent: Some(indent.into()) }
    }
}

impl Content for IsCompleteReply {
    const MSG_TYPE: &'static str = "is_complete_reply";
}
