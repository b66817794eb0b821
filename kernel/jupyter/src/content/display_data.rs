use serde::Serialize;
use serde_json::{Map, Value};

use super::Content;

/// [`display_data`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#display-data):
/// shows something below the cell.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DisplayData {
    /// The shown thing in several forms, by MIME type.
    pub data: Map<String, Value>,
    /// How to show each form, by MIME type.
    pub metadata: Map<String, Value>,
    /// What is not saved with the notebook.
    pub transient: Transient,
}

/// [`update_display_data`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#update-display-data):
/// replaces what was displayed under the same `display_id`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct UpdateDisplayData {
    /// The shown thing in several forms, by MIME type.
    pub data: Map<String, Value>,
    /// How to show each form, by MIME type.
    pub metadata: Map<String, Value>,
    /// Names the display to replace.
    pub transient: Transient,
}

/// The part of a display that is not saved with the notebook.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Transient {
    /// The id by which the display can be updated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_id: Option<String>,
}

impl Transient {
    /// Makes the display one that can be updated.
    pub fn id(display_id: impl Into<String>) -> Self {
        Self { display_id: Some(display_id.into()) }
    }

    /// Whether nothing is left out of the notebook.
    pub fn is_empty(&self) -> bool {
        self.display_id.is_none()
    }
}

impl Content for DisplayData {
    const MSG_TYPE: &'static str = "display_data";
}

impl Content for UpdateDisplayData {
    const MSG_TYPE: &'static str = "update_display_data";
}
