use serde::Serialize;
use serde_json::{Map, Value};

use super::{Content, Transient};

/// [`execute_result`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#id6):
/// shows the value of a cell's last expression.
#[derive(Clone, Debug, Serialize)]
pub struct ExecuteResult {
    /// The cell's number.
    pub execution_count: u32,
    /// The value in several forms, by MIME type.
    pub data: Map<String, Value>,
    /// How to show each form, by MIME type.
    pub metadata: Map<String, Value>,
    /// What is not saved with the notebook.
    #[serde(skip_serializing_if = "Transient::is_empty")]
    pub transient: Transient,
}

impl Content for ExecuteResult {
    const MSG_TYPE: &'static str = "execute_result";
}
