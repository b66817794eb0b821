use serde::{Deserialize, Serialize};

use super::Content;

/// [`shutdown_request`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#kernel-shutdown)
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ShutdownRequest {
    /// Whether the kernel will be started again.
    pub restart: bool,
}

/// [`shutdown_reply`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#kernel-shutdown)
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "status", rename = "ok")]
pub struct ShutdownReply {
    /// As in the request.
    pub restart: bool,
}

impl Content for ShutdownReply {
    const MSG_TYPE: &'static str = "shutdown_reply";
}
