//! What `input()` wants to know is asked of the person, and the answer goes to the session.

use std::sync::Arc;

use jupyter_wire::{Frontend, Request};
use tokio_util::sync::CancellationToken;

use crate::agent::Agent;

/// A question of `input()` or `getpass()`.
#[derive(Debug)]
pub struct Question {
    /// By which the agent knows it.
    pub request: u64,
    /// What is shown to the person.
    pub prompt: String,
    /// Whether what is typed is a secret.
    pub password: bool,
}

/// Who can be asked, and until when.
pub struct Asker {
    /// By whom.
    pub frontend: Frontend,
    /// For which cell, if its frontend lets itself be asked.
    pub request: Option<Arc<Request>>,
    /// Ends the waiting.
    pub interrupt: CancellationToken,
}

impl Asker {
    /// Asks, and tells the agent; an answer that does not come is a refusal.
    pub async fn answer(self, agent: Agent, question: Question) {
        let text = self.ask(&question).await;
        if let Err(error) = agent.reply(question.request, text.as_deref()).await {
            tracing::warn!("an answer to input() was lost: {error}");
        }
    }

    async fn ask(&self, question: &Question) -> Option<String> {
        let request = self.request.as_ref()?;
        let asked = self.frontend.input(request, &question.prompt, question.password);
        self.interrupt.run_until_cancelled(asked).await?
    }
}
