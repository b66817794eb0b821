use serde::Serialize;

use super::Content;

/// [`clear_output`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#clear-output)
#[derive(Clone, Debug, Serialize)]
pub struct ClearOutput {
    /// Whether to wait for the next output, so that nothing flickers.
    pub wait: bool,
}

impl Content for ClearOutput {
    const MSG_TYPE: &'static str = "clear_output";
}
