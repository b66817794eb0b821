//! What was asked of the kernel.

use std::sync::Arc;

use jupyter_wire::Request;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::cell::{comms::Place, resumed_cell::ResumedCell};

/// One `execute_request`, or code that the kernel runs by itself.
#[derive(Clone)]
pub struct CellRequest {
    /// The message; `None` for code that the kernel runs by itself.
    pub request: Option<Arc<Request>>,
    /// The cell's text, as the frontend sent it.
    pub code: String,
    /// The cell's number, if it is counted.
    pub number: Option<u32>,
    /// Expressions to evaluate when the cell has succeeded, by their names.
    pub user_expressions: Map<String, Value>,
    /// Whether the frontend answers `input_request`s.
    pub allow_stdin: bool,
    /// Its place among the frontends' messages for comms: it runs after those before it.
    pub place: Place,
    /// Cells of a killed kernel whose outputs come first.
    pub resumed: Vec<Arc<ResumedCell>>,
    /// Cancelled when the user interrupts.
    pub interrupt: CancellationToken,
}

impl CellRequest {
    /// Code that the kernel runs by itself while it answers this request.
    pub fn internal(&self, code: String) -> Self {
        Self {
            request: None,
            code,
            number: None,
            user_expressions: Map::new(),
            allow_stdin: false,
            place: Place::default(),
            resumed: Vec::new(),
            interrupt: self.interrupt.clone(),
        }
    }
}
