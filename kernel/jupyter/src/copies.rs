//! Copies of what was published, so that it can be published again with another parent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use crate::spool::Spool;

/// The copy of one iopub message, without its parent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Publication {
    pub(crate) msg_type: String,
    pub(crate) content: Value,
}

/// The copies not taken yet, in order. Long queues of them are kept on disk.
#[derive(Debug)]
pub struct Copies {
    spool: Arc<Mutex<Spool>>,
    more: watch::Receiver<()>,
}

/// Makes the copies.
#[derive(Debug)]
pub(crate) struct Copier {
    spool: Arc<Mutex<Spool>>,
    more: watch::Sender<()>,
}

impl Copier {
    pub fn new() -> (Self, Copies) {
        let (sender, receiver) = watch::channel(());
        let spool = Arc::<Mutex<Spool>>::default();
        (Self { spool: Arc::clone(&spool), more: sender }, Copies { spool, more: receiver })
    }

    pub fn copy(&self, publication: &Publication) {
        // It cannot fail: it is JSON already.
        if let Ok(bytes) = serde_json::to_vec(publication) {
            lock(&self.spool).push(bytes);
            self.more.send_replace(());
        }
    }
}

impl Copies {
    /// Waits for the next copy; returns `None` when nothing can be published any more.
    pub async fn recv(&mut self) -> Option<Publication> {
        loop {
            // Asked before the spool: the last copy is in there by then.
            let is_over = self.more.has_changed().is_err();
            let next = lock(&self.spool).pop();
            if next.is_some() || is_over {
                return serde_json::from_slice(&next?).ok();
            }
            // It fails when there will be no more, which the next turn finds.
            let _ = self.more.changed().await;
        }
    }
}

fn lock(spool: &Mutex<Spool>) -> MutexGuard<'_, Spool> {
    spool.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn copies_come_in_order_until_their_source_is_gone() {
        let (copier, mut copies) = Copier::new();
        let publication =
            |n| Publication { msg_type: "stream".to_owned(), content: Value::from(n) };
        copier.copy(&publication(1));
        assert_eq!(copies.recv().await.unwrap().content, 1);
        let later = tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            copier.copy(&publication(2));
            copier.copy(&publication(3));
        });
        assert_eq!(copies.recv().await.unwrap().content, 2);
        assert_eq!(copies.recv().await.unwrap().content, 3);
        assert!(copies.recv().await.is_none());
        later.await.unwrap();
    }
}
