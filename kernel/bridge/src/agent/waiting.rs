//! Requests that wait in the session for an event, since Livy has none that waits for a job: see
//! `python/waiting.py`.

use std::{
    sync::atomic::{AtomicBool, AtomicU8, Ordering},
    time::{Duration, Instant},
};

use livy_client::{Client, Error, Id, file};
use tokio::time::timeout;

/// An answer may come so much later. If Python stands still, Livy is not to blame, and is not to be waited for.
const PATIENCE: Duration = Duration::from_millis(1500);
/// After so many of these requests in a row have failed, none is sent any more.
const FAILURES_LIMIT: u8 = 3;
/// If requests are answered early so often in a row without an event, they do not wait.
const DOUBTS_LIMIT: u8 = 3;

/// Whether a session's agent makes requests wait.
#[derive(Debug)]
pub(super) struct Waiting {
    able: AtomicBool,
    failures: AtomicU8,
    /// How often in a row a request was answered early without an event that was found.
    doubts: AtomicU8,
}

/// What a request waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct WaitingRequest {
    /// This event, or a later one.
    pub event: u64,
    /// How long.
    pub time: Duration,
    /// How long after an event others are collected, unless one is urgent, or the time is over.
    pub linger: Duration,
}

/// How a request that was to wait has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// Before its time, so there is an event, unless it has not waited.
    Early,
    /// It has waited for all of its time, and the answer took so much longer.
    InVain(Duration),
    /// It has failed after this pause, or nothing waits in this session.
    Failed(Duration),
}

impl Waiting {
    /// Whether requests wait, as the agent says.
    pub fn new(able: bool) -> Self {
        Self { able: AtomicBool::new(able), failures: AtomicU8::new(0), doubts: AtomicU8::new(0) }
    }

    /// Whether a request would wait.
    pub fn is_able(&self) -> bool {
        self.able.load(Ordering::Relaxed)
    }

    /// Sends no such request to this session any more.
    fn give_up(&self, why: &str) {
        self.able.store(false, Ordering::Relaxed);
        tracing::debug!("no request waits for the session's events, so they are polled: {why}");
    }

    /// Sends a request that waits.
    pub async fn wait(&self, client: &Client, session: &Id, request: WaitingRequest) -> Waited {
        let WaitingRequest { event, time, linger } = request;
        let (wait, linger) = (time.as_millis(), linger.as_millis());
        let uri = format!("local:/livy-kernel/wait/{event}/{wait}/{linger}");
        let begun = Instant::now();
        match timeout(time + PATIENCE, client.send(file::add(session, &uri))).await {
            Ok(Ok(_)) => {
                self.failures.store(0, Ordering::Relaxed);
                self.answered(begun.elapsed(), time)
            }
            Ok(Err(error)) => self.failed(&error),
            Err(_) => self.late(),
        }
    }

    fn answered(&self, took: Duration, time: Duration) -> Waited {
        let Some(delay) = took.checked_sub(time) else { return Waited::Early };
        self.doubts.store(0, Ordering::Relaxed);
        Waited::InVain(delay)
    }

    /// Notes that a request was answered early, but no event is found. Python may be slow; but if that goes
    /// on, requests do not wait at all, because they do not reach the agent.
    pub fn note_doubt(&self) {
        if self.doubts.fetch_add(1, Ordering::Relaxed).saturating_add(1) >= DOUBTS_LIMIT {
            self.give_up("they are answered at once");
        }
    }

    fn failed(&self, error: &Error) -> Waited {
        match error.is_temporary() {
            true => self.count_failure(&error.to_string()),
            false => self.give_up(&error.to_string()),
        }
        Waited::Failed(error.retry_after().unwrap_or_default())
    }

    fn late(&self) -> Waited {
        self.count_failure("they are not answered in time");
        Waited::Failed(Duration::ZERO)
    }

    fn count_failure(&self, why: &str) {
        if self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1) >= FAILURES_LIMIT {
            self.give_up(why);
        }
    }
}

#[cfg(test)]
mod tests {
    use livy_client::Feature;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn requests_that_are_answered_at_once_are_given_up_unless_one_has_waited() {
        let waiting = Waiting::new(true);
        for _ in 0..2 {
            assert_eq!(waiting.answered(SECOND / 100, SECOND), Waited::Early);
            waiting.note_doubt();
        }
        assert_eq!(waiting.answered(SECOND * 2, SECOND), Waited::InVain(SECOND));
        for _ in 0..3 {
            assert!(waiting.is_able());
            waiting.note_doubt();
        }
        assert!(!waiting.is_able());
    }

    #[test]
    fn requests_that_are_not_answered_are_given_up_after_the_third() {
        let waiting = Waiting::new(true);
        for _ in 0..3 {
            assert!(waiting.is_able());
            assert_eq!(waiting.late(), Waited::Failed(Duration::ZERO));
        }
        assert!(!waiting.is_able());
    }

    #[test]
    fn a_server_that_has_no_such_request_is_asked_once() {
        let waiting = Waiting::new(true);
        waiting.failed(&Error::MissingFeature(Feature::AddFile));
        assert!(!waiting.is_able());
    }
}
