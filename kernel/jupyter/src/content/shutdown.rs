use serde::{Deserialize, Serialize};

use super::Content;

/// [`shutdown_request`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#kernel-shutdown):
/// ends the kernel.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ShutdownRequest {
    /// Whether the kernel will be started again.
    pub restart: bool,
}

/// [`shutdown_reply`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#kernel-shutdown):
/// repeats the request.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "status", rename = "ok")]
pub struct ShutdownReply {
    /// Repeats the request's `restart`.
    pub restart: bool,
}

impl Content for ShutdownReply {
    const MSG_TYPE: &'static str = "shutdown_reply";
}
