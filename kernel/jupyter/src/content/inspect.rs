use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Content;

/// [`inspect_request`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#introspection)
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct InspectRequest {
    /// The cell.
    pub code: String,
    /// Where the cursor is, in Unicode code points; a frontend may send one outside the code.
    pub cursor_pos: i64,
    /// 0 for the documentation, 1 for the source too.
    pub detail_level: i64,
}

/// [`inspect_reply`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#introspection)
#[derive(Clone, Debug, Default, Serialize)]
#[serde(tag = "status", rename = "ok")]
pub struct InspectReply {
    /// Whether there is anything to say.
    pub found: bool,
    /// It, in several forms, by MIME type.
    pub data: Map<String, Value>,
    /// How to show it, by MIME type.
    pub metadata: Map<String, Value>,
}

impl InspectReply {
    /// There is nothing to say.
    pub fn none() -> Self {
        Self::default()
    }

    /// What is at the cursor, by MIME type.
    pub fn found(data: Map<String, Value>) -> Self {
        Self { found: true, data, metadata: Map::new() }
    }
}

impl Content for InspectReply {
    const MSG_TYPE: &'static str = "inspect_reply";
}
