use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Content;

/// [`comm_info_request`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#comm-info):
/// asks for the open comms.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CommInfoRequest {
    /// Asks only for comms of this target, if one is given.
    pub target_name: Option<String>,
}

/// [`comm_info_reply`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#comm-info):
/// lists the open comms.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(tag = "status", rename = "ok")]
pub struct CommInfoReply {
    /// The open comms by their ids.
    pub comms: BTreeMap<String, CommInfo>,
}

/// One open comm.
#[derive(Clone, Debug, Serialize)]
pub struct CommInfo {
    /// The target that it talks to.
    pub target_name: String,
}

impl Content for CommInfoReply {
    const MSG_TYPE: &'static str = "comm_info_reply";
}
