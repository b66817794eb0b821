use serde::Serialize;

use super::Content;

/// [`clear_output`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#clear-output):
/// removes the cell's outputs.
#[derive(Clone, Debug, Serialize)]
pub struct ClearOutput {
    /// Whether the outputs stay until the next one arrives, so that nothing flickers.
    pub wait: bool,
}

impl Content for ClearOutput {
    const MSG_TYPE: &'static str = "clear_output";
}
