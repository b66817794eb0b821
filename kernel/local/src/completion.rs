//! Completions that were asked of an interpreter and not yet answered.

use std::collections::BTreeMap;

use tokio::sync::oneshot;

/// Dropped when the interpreter is gone, and with it the hope of whoever waits.
#[derive(Default)]
pub(crate) struct Completions {
    next_id: u64,
    waiting: BTreeMap<u64, oneshot::Sender<Vec<String>>>,
}

impl Completions {
    /// The number to ask under, and where the candidates will arrive.
    pub(crate) fn begin(&mut self) -> (u64, oneshot::Receiver<Vec<String>>) {
        let id = self.next_id;
        self.next_id += 1;
        let (sender, candidates) = oneshot::channel();
        self.waiting.insert(id, sender);
        (id, candidates)
    }

    pub(crate) fn answer(&mut self, id: u64, candidates: Vec<String>) {
        if let Some(sender) = self.waiting.remove(&id) {
            // A failure means that the client no longer waits.
            let _ = sender.send(candidates);
        }
    }
}
