//! Passes the questions of `input()` to the frontend, and the answers to the session.

use std::{sync::Arc, time::Duration};

use jupyter_wire::{Frontend, Request};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{agent::Agent, platform::task};

/// Questions and outputs have channels of their own: a console that got a question before what was printed
/// above it would show that text only after the answer.
const OUTPUT_LEAD: Duration = Duration::from_millis(100);

/// A question of `input()` or `getpass()`.
#[derive(Debug)]
pub struct Question {
    /// The agent's number for it.
    pub request: u64,
    /// The text in front of the answer.
    pub prompt: String,
    /// Whether the frontend hides what the user types.
    pub password: bool,
}

/// Asks the frontend of one cell.
pub struct InputBroker {
    /// The frontends.
    pub frontend: Frontend,
    /// The cell's request, if its frontend answers questions.
    pub request: Option<Arc<Request>>,
    /// Cancelled when the user interrupts, which ends the waiting.
    pub interrupt: CancellationToken,
}

impl InputBroker {
    /// Asks, and passes the answer to the agent. Without an answer, `input()` raises an error.
    pub async fn answer(self, agent: Agent, question: Question) {
        let asked = task::catch_panic("it asked for input", self.ask(&question)).await;
        let text = asked.ok().flatten();
        if let Err(error) = agent.reply(question.request, text.as_deref()).await {
            tracing::warn!("an answer to input() was lost: {error}");
        }
    }

    async fn ask(&self, question: &Question) -> Option<String> {
        let request = self.request.as_ref()?;
        sleep(OUTPUT_LEAD).await;
        let asked = self.frontend.input(request, &question.prompt, question.password);
        self.interrupt.run_until_cancelled(asked).await?
    }
}
