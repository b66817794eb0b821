//! Where peers are until they have said who they are. It has few places, and whoever has been there
//! longest goes when another comes: a thousand connections that say nothing take no more than these.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::sleep;

/// Of one socket. To be introduced takes a few milliseconds.
const PLACES: usize = 32;
/// How long a peer may be there, in any case.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who has connected.
#[derive(Clone, Default)]
pub(super) struct Guest(Arc<AtomicBool>);

impl Guest {
    /// It has said who it is, and may stay.
    pub fn is_introduced(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Ends when it has not said in time who it is; never, if it has.
    pub async fn overstays(&self) {
        sleep(PATIENCE).await;
        if self.0.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }
}

/// Those who are waiting, the newest last.
#[derive(Default)]
pub(super) struct Lobby(VecDeque<(Guest, AbortHandle)>);

impl Lobby {
    pub fn enter(&mut self, guest: Guest, visit: AbortHandle) {
        let waits = |(guest, visit): &(Guest, AbortHandle)| {
            !guest.0.load(Ordering::Relaxed) && !visit.is_finished()
        };
        self.0.retain(waits);
        if self.0.len() >= PLACES
            && let Some((_, longest)) = self.0.pop_front()
        {
            longest.abort();
        }
        self.0.push_back((guest, visit));
    }
}
