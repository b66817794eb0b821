//! Completions that an interpreter has been asked for and has not answered yet.

use std::collections::BTreeMap;

use tokio::sync::oneshot;

/// The pending completions of a session. Dropping them cancels all.
#[derive(Default)]
pub(crate) struct Completions {
    next_id: u64,
    waiting: BTreeMap<u64, oneshot::Sender<Vec<String>>>,
}

impl Completions {
    /// Returns a number for the request, and the channel on which its candidates arrive.
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
