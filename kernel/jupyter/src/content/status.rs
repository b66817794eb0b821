use serde::{Deserialize, Serialize};

use super::Content;

/// [`status`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#kernel-status)
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// What the kernel does.
    pub execution_state: ExecutionState,
}

/// What the kernel does.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExecutionState {
    /// It has just started; said once.
    Starting,
    /// It handles the request that is the message's parent.
    Busy,
    /// It has done so.
    Idle,
}

impl Content for Status {
    const MSG_TYPE: &'static str = "status";
}
