//! Requests that an interpreter has been sent and has not answered yet.

use std::collections::BTreeMap;

use tokio::sync::oneshot;

/// The pending requests of one sort. Dropping them cancels all.
pub(crate) struct Pending<T> {
    next_id: u64,
    waiting: BTreeMap<u64, oneshot::Sender<T>>,
}

impl<T> Default for Pending<T> {
    fn default() -> Self {
        Self { next_id: 0, waiting: BTreeMap::new() }
    }
}

impl<T> Pending<T> {
    /// Returns a number for the request, and the channel on which its answer arrives.
    pub(crate) fn begin(&mut self) -> (u64, oneshot::Receiver<T>) {
        let id = self.next_id;
        self.next_id += 1;
        let (sender, answer) = oneshot::channel();
        self.waiting.insert(id, sender);
        (id, answer)
    }

    pub(crate) fn answer(&mut self, id: u64, answer: T) {
        if let Some(sender) = self.waiting.remove(&id) {
            // A failure means that the client no longer waits.
            let _ = sender.send(answer);
        }
    }
}
