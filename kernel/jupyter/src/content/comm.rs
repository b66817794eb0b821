use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Content;

/// [`comm_open`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#opening-a-comm)
/// from a frontend. It has no reply; one for an unknown target is answered with [`CommClose`].
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CommOpen {
    /// Names the comm.
    pub comm_id: String,
    /// What the frontend wants to speak to.
    pub target_name: String,
}

/// [`comm_close`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#tearing-down-comms)
#[derive(Clone, Debug, Serialize)]
pub struct CommClose {
    /// The comm that ends.
    pub comm_id: String,
    /// Last words.
    pub data: Map<String, Value>,
}

impl CommClose {
    /// Ends a comm without further words.
    pub fn new(comm_id: impl Into<String>) -> Self {
        Self { comm_id: comm_id.into(), data: Map::new() }
    }
}

impl Content for CommClose {
    const MSG_TYPE: &'static str = "comm_close";
}
