use serde::Serialize;

use super::Content;

/// [`iopub_welcome`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#welcome-message):
/// greets a new subscriber.
#[derive(Clone, Debug, Serialize)]
pub struct IopubWelcome {
    /// The topic that was subscribed to.
    pub subscription: String,
}

impl Content for IopubWelcome {
    const MSG_TYPE: &'static str = "iopub_welcome";
}
