use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Content;

/// [`complete_request`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#completion)
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CompleteRequest {
    /// The cell.
    pub code: String,
    /// Where the cursor is, in Unicode code points; a frontend may send one outside the code.
    pub cursor_pos: i64,
}

/// [`complete_reply`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#completion)
#[derive(Clone, Debug, Default, Serialize)]
#[serde(tag = "status", rename = "ok")]
pub struct CompleteReply {
    /// What may stand between `cursor_start` and `cursor_end`.
    pub matches: Vec<String>,
    /// Start of the text that a match replaces, in Unicode code points.
    pub cursor_start: i64,
    /// Its end.
    pub cursor_end: i64,
    /// For example the matches' types, as JupyterLab reads them.
    pub metadata: Map<String, Value>,
}

impl CompleteReply {
    /// Nothing fits at the cursor.
    pub fn none(cursor_pos: i64) -> Self {
        Self { cursor_start: cursor_pos, cursor_end: cursor_pos, ..Self::default() }
    }
}

impl Content for CompleteReply {
    const MSG_TYPE: &'static str = "complete_reply";
}
