use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Content;

/// [`comm_open`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#opening-a-comm)
/// from a frontend. It has no reply; a comm for an unknown target is closed with [`CommClose`].
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CommOpen {
    /// The comm's id.
    pub comm_id: String,
    /// The target that the frontend wants to talk to.
    pub target_name: String,
}

/// [`comm_close`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#tearing-down-comms):
/// ends a comm.
#[derive(Clone, Debug, Serialize)]
pub struct CommClose {
    /// The comm's id.
    pub comm_id: String,
    /// Data for the other side's close handler.
    pub data: Map<String, Value>,
}

impl CommClose {
    /// Ends a comm without data.
    pub fn new(comm_id: impl Into<String>) -> Self {
        Self { comm_id: comm_id.into(), data: Map::new() }
    }
}

impl Content for CommClose {
    const MSG_TYPE: &'static str = "comm_close";
}
