use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::Content;

/// [`execute_request`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#execute)
#[derive(Clone, Debug, Deserialize)]
#[serde(default, remote = "Self")]
pub struct ExecuteRequest {
    /// The cell.
    pub code: String,
    /// Publish nothing but status, and count nothing.
    pub silent: bool,
    /// Count this cell and keep it in the history; never true when `silent` is.
    pub store_history: bool,
    /// Expressions to evaluate after the cell, by a name for each.
    pub user_expressions: Map<String, Value>,
    /// Whether the frontend can be asked for input.
    pub allow_stdin: bool,
    /// Whether an error aborts the cells that are already queued.
    pub stop_on_error: bool,
}

impl Default for ExecuteRequest {
    fn default() -> Self {
        Self {
            code: String::new(),
            silent: false,
            store_history: true,
            user_expressions: Map::new(),
            allow_stdin: true,
            stop_on_error: true,
        }
    }
}

impl<'de> Deserialize<'de> for ExecuteRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // With `remote = "Self"` the derived reading is this function of the type itself.
        let mut request = Self::deserialize(deserializer)?;
        request.store_history &= !request.silent;
        Ok(request)
    }
}

/// [`execute_reply`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#execution-results)
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum ExecuteReply {
    /// The cell ran to its end.
    Ok {
        /// The cell's number.
        execution_count: u32,
        /// Actions for the frontend, a deprecated way that consoles still use.
        payload: Vec<Value>,
        /// The values asked for.
        user_expressions: Map<String, Value>,
    },
    /// The cell failed.
    Error {
        /// The cell's number.
        execution_count: u32,
        /// The exception's name.
        ename: String,
        /// What it says.
        evalue: String,
        /// The lines to show.
        traceback: Vec<String>,
    },
    /// The cell was not run, because one before it failed.
    Aborted {
        /// The number of the cell before.
        execution_count: u32,
    },
}

impl ExecuteReply {
    /// The cell ran to its end, and nothing more is to be said.
    pub fn ok(execution_count: u32) -> Self {
        Self::Ok { execution_count, payload: Vec::new(), user_expressions: Map::new() }
    }
}

impl Content for ExecuteReply {
    const MSG_TYPE: &'static str = "execute_reply";
}
