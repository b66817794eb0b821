use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Content;

/// [`complete_request`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#completion):
/// asks what could be typed at the cursor.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CompleteRequest {
    /// The cell's code.
    pub code: String,
    /// The cursor's position in Unicode code points; some frontends send one outside the code.
    pub cursor_pos: i64,
}

/// [`complete_reply`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#completion):
/// offers what could be typed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, tag = "status", rename = "ok")]
pub struct CompleteReply {
    /// The texts that may replace what is between `cursor_start` and `cursor_end`.
    pub matches: Vec<String>,
    /// The start of the text that a match replaces, in Unicode code points.
    pub cursor_start: i64,
    /// The end of that text, in Unicode code points.
    pub cursor_end: i64,
    /// More about the matches, for example their types as JupyterLab reads them.
    pub metadata: Map<String, Value>,
}

impl CompleteReply {
    /// Offers nothing at the cursor.
    pub fn none(cursor_pos: i64) -> Self {
        Self { cursor_start: cursor_pos, cursor_end: cursor_pos, ..Self::default() }
    }
}

impl Content for CompleteReply {
    const MSG_TYPE: &'static str = "complete_reply";
}
