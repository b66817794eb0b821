use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::watch, time::sleep};

/// Counts the bytes that all sockets of a kernel have sent to their peers.
#[derive(Clone, Default)]
pub(crate) struct SentBytes(Arc<AtomicU64>);

impl SentBytes {
    pub fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Waits until nothing has been sent for this long.
    pub async fn wait_until_quiet(&self, period: Duration) {
        loop {
            let before = self.0.load(Ordering::Relaxed);
            sleep(period).await;
            if self.0.load(Ordering::Relaxed) == before {
                return;
            }
        }
    }
}

/// Counts a peer of one socket until it is dropped.
pub(super) struct Counted<'a>(&'a watch::Sender<usize>);

impl<'a> Counted<'a> {
    pub fn new(peers: &'a watch::Sender<usize>) -> Self {
        peers.send_modify(|peers| *peers += 1);
        Self(peers)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|peers| *peers -= 1);
    }
}
