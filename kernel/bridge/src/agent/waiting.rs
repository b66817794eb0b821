//! Requests that wait in the session for an event, since Livy has none that waits for a job: see
//! `python/waiting.py`.

use std::{
    sync::atomic::{AtomicBool, AtomicU8, Ordering},
    time::{Duration, Instant},
};

use livy_client::{Client, Error, Id, file};

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

    /// Waits for this event, or a later one.
    pub async fn wait(&self, client: &Client, session: &Id, event: u64, time: Duration) -> Waited {
        let uri = format!("local:/livy-kernel/wait/{event}/{}", time.as_millis());
        let begun = Instant::now();
        match client.send(file::add(session, &uri)).await {
            Ok(_) => {
                self.failures.store(0, Ordering::Relaxed);
                self.answered(begun.elapsed(), time)
            }
            Err(error) => self.failed(&error),
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
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if !error.is_temporary() || failures >= FAILURES_LIMIT {
            self.give_up(&error.to_string());
        }
        Waited::Failed(error.retry_after().unwrap_or_default())
    }
}
