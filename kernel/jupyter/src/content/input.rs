use serde::{Deserialize, Serialize};

use super::Content;

/// [`input_request`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#messages-on-the-stdin-router-dealer-channel):
/// asks the user for a line of text.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct InputRequest {
    /// The text shown before the input.
    pub prompt: String,
    /// Whether the input is hidden while it is typed.
    pub password: bool,
}

/// `input_reply`: answers an [`InputRequest`].
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct InputReply {
    /// The line without its end.
    pub value: String,
}

impl Content for InputRequest {
    const MSG_TYPE: &'static str = "input_request";
}
