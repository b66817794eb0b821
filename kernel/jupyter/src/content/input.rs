use serde::{Deserialize, Serialize};

use super::Content;

/// [`input_request`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#messages-on-the-stdin-router-dealer-channel)
#[derive(Clone, Debug, Serialize)]
pub struct InputRequest {
    /// The text to show.
    pub prompt: String,
    /// Whether to hide what is typed.
    pub password: bool,
}

/// `input_reply`: what was typed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct InputReply {
    /// The text, without its line end.
    pub value: String,
}

impl Content for InputRequest {
    const MSG_TYPE: &'static str = "input_request";
}
