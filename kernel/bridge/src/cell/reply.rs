//! What a cell that succeeded says to its frontend beside its outputs.

use serde_json::{Map, Value};

/// The parts of an `execute_reply` that come from the session.
#[derive(Debug, Default)]
pub struct CellReply {
    /// Actions for the frontend, such as opening a pager.
    pub payload: Vec<Value>,
    /// The values of the request's expressions, by their names.
    pub user_expressions: Map<String, Value>,
}

impl CellReply {
    /// Whether the cell has called `exit()`, after which no cell that was already sent may run: IPython
    /// itself would end.
    pub fn asks_exit(&self) -> bool {
        let asks = |action: &Value| action["source"] == "ask_exit" && action["keepkernel"] != true;
        self.payload.iter().any(asks)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_an_exit_that_ends_the_kernel_asks_for_it() {
        for (action, asks) in [
            (json!({"source": "ask_exit", "keepkernel": false}), true),
            (json!({"source": "ask_exit", "keepkernel": true}), false),
            (json!({"source": "page"}), false),
            (json!("exit"), false),
        ] {
            let reply = CellReply { payload: vec![action], ..Default::default() };
            assert_eq!(reply.asks_exit(), asks, "{reply:?}");
        }
    }
}
