use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Content;

/// `usage_request`: asks how much memory and CPU time the kernel uses. It is not in the specification
/// but in ipykernel, and jupyter-resource-usage sends it.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct UsageRequest {}

/// `usage_reply`: says how much memory and CPU time the kernel uses.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(tag = "status", rename = "ok")]
pub struct UsageReply {
    /// What is known, under ipykernel's names: `hostname`, `pid`, `kernel_memory`, `kernel_cpu`, …
    #[serde(flatten)]
    pub usage: Map<String, Value>,
}

impl Content for UsageReply {
    const MSG_TYPE: &'static str = "usage_reply";
}
