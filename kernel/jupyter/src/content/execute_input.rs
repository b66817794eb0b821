use serde::Serialize;

use super::Content;

/// [`execute_input`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#code-inputs):
/// tells every frontend what runs.
#[derive(Clone, Debug, Serialize)]
pub struct ExecuteInput {
    /// The cell.
    pub code: String,
    /// Its number.
    pub execution_count: u32,
}

impl Content for ExecuteInput {
    const MSG_TYPE: &'static str = "execute_input";
}
