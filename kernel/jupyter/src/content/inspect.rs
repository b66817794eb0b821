use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Content;

/// [`inspect_request`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#introspection):
/// asks what is at the cursor.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct InspectRequest {
    /// The cell's code.
    pub code: String,
    /// The cursor's position in Unicode code points; some frontends send one outside the code.
    pub cursor_pos: i64,
    /// 0 asks for the documentation, 1 for the source as well.
    pub detail_level: i64,
}

/// [`inspect_reply`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#introspection):
/// describes what is at the cursor.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, tag = "status", rename = "ok")]
pub struct InspectReply {
    /// Whether anything is known about it.
    pub found: bool,
    /// The description in several forms, by MIME type.
    pub data: Map<String, Value>,
    /// How to show each form, by MIME type.
    pub metadata: Map<String, Value>,
}

impl InspectReply {
    /// Says that nothing is known.
    pub fn none() -> Self {
        Self::default()
    }

    /// Describes what is at the cursor, by MIME type.
    pub fn found(data: Map<String, Value>) -> Self {
        Self { found: true, data, metadata: Map::new() }
    }
}

impl Content for InspectReply {
    const MSG_TYPE: &'static str = "inspect_reply";
}
