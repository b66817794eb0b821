use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::Content;

/// [`execute_request`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#execute):
/// runs a cell.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, remote = "Self")]
pub struct ExecuteRequest {
    /// The cell's code.
    pub code: String,
    /// Asks to publish nothing but statuses, and to count nothing.
    pub silent: bool,
    /// Asks to count this cell and keep it in the history; never true if `silent` is.
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
        // With `remote = "Self"`, this calls the derived function of the type itself.
        let mut request = Self::deserialize(deserializer)?;
        request.store_history &= !request.silent;
        Ok(request)
    }
}

/// [`execute_reply`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#execution-results):
/// says how a cell ended.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum ExecuteReply {
    /// The cell ran to its end.
    Ok {
        /// The cell's number.
        execution_count: u32,
        /// Actions for the frontend: deprecated, but consoles still use them.
        payload: Vec<Value>,
        /// The values of the request's `user_expressions`.
        user_expressions: Map<String, Value>,
    },
    /// The cell failed.
    Error {
        /// The cell's number.
        execution_count: u32,
        /// The exception's name.
        ename: String,
        /// The exception's message.
        evalue: String,
        /// The lines of the traceback, as they are shown.
        traceback: Vec<String>,
    },
    /// The cell did not run, because one before it failed.
    Aborted {
        /// The number of the last cell that ran.
        execution_count: u32,
    },
}

impl ExecuteReply {
    /// Says that the cell ran to its end.
    pub fn ok(execution_count: u32) -> Self {
        Self::Ok { execution_count, payload: Vec::new(), user_expressions: Map::new() }
    }
}

impl Content for ExecuteReply {
    const MSG_TYPE: &'static str = "execute_reply";
}
