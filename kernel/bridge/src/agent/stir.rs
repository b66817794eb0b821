//! Wakes those who wait for events, since one is about to come.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

/// So long after it, the next event is expected at once, too.
const EXPECTED_TIME: Duration = Duration::from_secs(30);

/// When an event was last expected.
#[derive(Debug, Default)]
pub(super) struct Stir {
    at: Mutex<Option<Instant>>,
    notify: Notify,
}

impl Stir {
    /// Notes that an event is about to come.
    pub fn expect_event(&self) {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        self.notify.notify_waiters();
    }

    /// Whether an event is to be expected at any moment.
    pub fn is_expected(&self) -> bool {
        let at = *self.at.lock().unwrap_or_else(PoisonError::into_inner);
        at.is_some_and(|at| at.elapsed() < EXPECTED_TIME)
    }

    /// Waits until one is expected, from now on.
    pub async fn expected(&self) {
        self.notify.notified().await;
    }
}
