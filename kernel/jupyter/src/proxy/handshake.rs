//! Limits the peers that have connected and have not finished the ZMTP handshake. When one more
//! connects, the one that has been at it longest is closed: a thousand silent connections cost no
//! more than these.

use std::{
    collections::VecDeque,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{task::AbortHandle, time::sleep};

/// How many handshakes may be under way on one socket. One takes a few milliseconds.
const MAX_HANDSHAKES: usize = 32;
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// One connected peer.
#[derive(Clone, Default)]
pub(super) struct Peer {
    is_ready: Arc<AtomicBool>,
}

impl Peer {
    /// Notes that the handshake is complete.
    pub fn set_ready(&self) {
        self.is_ready.store(true, Ordering::Relaxed);
    }

    fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Relaxed)
    }

    /// Ends when the handshake has taken too long; never, if it is complete by then.
    pub async fn times_out(&self) {
        sleep(HANDSHAKE_TIMEOUT).await;
        if self.is_ready() {
            pending::<()>().await;
        }
    }
}

/// The handshakes under way on one socket, the newest last.
#[derive(Default)]
pub(super) struct Handshakes(VecDeque<(Peer, AbortHandle)>);

impl Handshakes {
    /// Adds the handshake of a peer whose connection is served by this task.
    pub fn add(&mut self, peer: Peer, connection: AbortHandle) {
        self.0.retain(|(peer, connection)| !peer.is_ready() && !connection.is_finished());
        if self.0.len() >= MAX_HANDSHAKES
            && let Some((_, oldest)) = self.0.pop_front()
        {
            oldest.abort();
        }
        self.0.push_back((peer, connection));
    }
}
