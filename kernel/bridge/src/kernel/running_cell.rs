//! A cell that runs, as the loop knows it, and the reply that it will have.

use std::sync::Arc;

use jupyter_wire::{Request, content::ExecuteReply};
use tokio_util::sync::CancellationToken;

use crate::{cell::CellReply, error::CellError};

/// A cell that runs.
pub struct RunningCell {
    /// The request that it answers.
    pub request: Arc<Request>,
    /// Its number.
    pub execution_count: u32,
    /// Whether its error aborts the cells that wait.
    pub stop_on_error: bool,
    /// Cancelled when the user interrupts.
    pub interrupt: CancellationToken,
    /// Cancelled when it has been answered.
    pub ended: CancellationToken,
}

/// The [`execute_reply`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#execution-results)
/// to a cell with this number.
pub fn reply(execution_count: u32, result: Result<CellReply, CellError>) -> ExecuteReply {
    match result {
        Ok(CellReply { payload, user_expressions }) => {
            ExecuteReply::Ok { execution_count, payload, user_expressions }
        }
        Err(CellError { ename, evalue, traceback }) => {
            ExecuteReply::Error { execution_count, ename, evalue, traceback }
        }
    }
}
