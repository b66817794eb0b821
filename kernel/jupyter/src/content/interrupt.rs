use serde::Serialize;

use super::Content;

/// [`interrupt_reply`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#kernel-interrupt):
/// says that the interrupt has been received.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(tag = "status", rename = "ok")]
pub struct InterruptReply {}

impl Content for InterruptReply {
    const MSG_TYPE: &'static str = "interrupt_reply";
}
