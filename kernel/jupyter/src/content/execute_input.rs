use serde::Serialize;

use super::Content;

/// [`execute_input`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#code-inputs):
/// shows every frontend which code runs.
#[derive(Clone, Debug, Serialize)]
pub struct ExecuteInput {
    /// The cell's code.
    pub code: String,
    /// The cell's number.
    pub execution_count: u32,
}

impl Content for ExecuteInput {
    const MSG_TYPE: &'static str = "execute_input";
}
