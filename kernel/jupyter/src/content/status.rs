use serde::{Deserialize, Serialize};

use super::Content;

/// [`status`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#kernel-status):
/// says what the kernel is doing.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The kernel's state.
    pub execution_state: ExecutionState,
}

/// The kernel's state.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExecutionState {
    /// The kernel has just started; published once.
    Starting,
    /// The kernel handles the request that is the message's parent.
    Busy,
    /// The kernel has handled that request.
    Idle,
}

impl Content for Status {
    const MSG_TYPE: &'static str = "status";
}
