//! What the kernel asks the agent about comms.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use crate::agent::{
    client::{AGENT_ANSWER_LIMIT, Agent},
    error::AgentError,
    event::Addressee,
    link::Outgoing,
};

/// The comms of a kernel.
#[derive(Debug, Default, Deserialize)]
pub struct OpenComms {
    /// The target of each.
    pub comms: BTreeMap<String, String>,
    /// The statements that have made them, with the frontends' requests for these.
    pub cells: BTreeMap<String, String>,
}

/// The answer to messages that were delivered.
#[derive(Debug, Deserialize)]
struct Delivered {
    /// The number of the last message that has been taken.
    received: u64,
}

impl Agent {
    /// Delivers messages of frontends in their order; returns the number of the last one that the agent has
    /// taken, of these or earlier ones. Those that it has taken before, it leaves.
    pub async fn deliver(
        &self,
        from: &Addressee,
        messages: &[Outgoing],
    ) -> Result<u64, AgentError> {
        let args = json!([from.kernel, from.process, messages]);
        let delivered: Delivered = self.call("deliver", &args, AGENT_ANSWER_LIMIT).await?;
        Ok(delivered.received)
    }

    /// Lists the open comms of a kernel.
    pub async fn comms(&self, of: &Addressee) -> Result<OpenComms, AgentError> {
        self.call("comms", &json!([of.kernel, of.process]), AGENT_ANSWER_LIMIT).await
    }

    /// Interrupts the handler of a kernel's message, if one runs.
    pub async fn interrupt_handler(&self, of: &Addressee) -> Result<bool, AgentError> {
        let args = json!([of.kernel, of.process]);
        self.call("interrupt_handlers", &args, AGENT_ANSWER_LIMIT).await
    }
}
