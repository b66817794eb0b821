//! The state of one connection: whether it has shown the token, and since when its next header has been arriving.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::{Instant, sleep, sleep_until};

use crate::lock::lock;

/// How long a request's header may take, from its first byte or from the start of the connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection's shared state. It is cheap to clone, and every request has it among its extensions.
#[derive(Clone)]
pub(crate) struct Connection(Arc<Mutex<State>>);

impl Connection {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State::new(Instant::now()))))
    }

    /// Lets the connection stay open, since it has shown the token. Returns false if it was evicted before: the
    /// request must then not be obeyed.
    pub(crate) fn authenticate(&self) -> bool {
        lock(&self.0).move_to(Standing::Authenticated)
    }

    /// Marks the connection as one that must end. Returns false if it has shown the token before, and may stay.
    pub(super) fn evict(&self) -> bool {
        lock(&self.0).move_to(Standing::Evicted)
    }

    pub(super) fn is_authenticated(&self) -> bool {
        lock(&self.0).standing == Standing::Authenticated
    }

    /// Notes that `bytes` have arrived.
    pub(super) fn on_bytes(&self, bytes: &[u8]) {
        if !bytes.is_empty() {
            lock(&self.0).on_bytes(Instant::now());
        }
    }

    /// Notes that a header is complete. The request is being answered until the guard is dropped.
    pub(super) fn on_request(&self) -> AnswerGuard<'_> {
        lock(&self.0).on_request();
        AnswerGuard(self)
    }

    /// Returns when the token or the rest of a header has taken too long.
    pub(super) async fn timed_out(&self) {
        loop {
            let deadline = lock(&self.0).deadline();
            match deadline {
                Some(deadline) if deadline > Instant::now() => sleep_until(deadline).await,
                Some(_) => return,
                // A header that begins to arrive meanwhile has as long.
                None => sleep(HEADER_TIMEOUT).await,
            }
        }
    }
}

/// Marks a request as being answered until it is dropped.
pub(super) struct AnswerGuard<'a>(&'a Connection);

impl Drop for AnswerGuard<'_> {
    fn drop(&mut self) {
        lock(&self.0.0).is_answering = false;
    }
}

struct State {
    opened: Instant,
    standing: Standing,
    /// When the first byte of an incomplete header arrived.
    header_since: Option<Instant>,
    /// Whether a request is being answered: bytes that arrive then belong to its body.
    is_answering: bool,
}

/// A connection's right to stay open, which is decided once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Unauthenticated,
    Authenticated,
    Evicted,
}

impl State {
    fn new(now: Instant) -> Self {
        let standing = Standing::Unauthenticated;
        Self { opened: now, standing, header_since: None, is_answering: false }
    }

    /// Decides the standing unless that has happened before, and says whether it is `standing` now.
    fn move_to(&mut self, standing: Standing) -> bool {
        if self.standing == Standing::Unauthenticated {
            self.standing = standing;
        }
        self.standing == standing
    }

    fn on_bytes(&mut self, now: Instant) {
        if !self.is_answering {
            self.header_since.get_or_insert(now);
        }
    }

    fn on_request(&mut self) {
        (self.header_since, self.is_answering) = (None, true);
    }

    fn deadline(&self) -> Option<Instant> {
        let since = match self.standing {
            Standing::Authenticated => self.header_since,
            Standing::Unauthenticated | Standing::Evicted => Some(self.opened),
        };
        since.map(|since| since + HEADER_TIMEOUT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes the steps one second apart, and returns the deadline in seconds after the connection was opened.
    fn deadline_after(steps: &[fn(&mut State, Instant)]) -> Option<u64> {
        let opened = Instant::now();
        let mut state = State::new(opened);
        for (second, step) in (1..).zip(steps) {
            step(&mut state, opened + Duration::from_secs(second));
        }
        state.deadline().map(|deadline| (deadline - opened).as_secs())
    }

    fn bytes(state: &mut State, now: Instant) {
        state.on_bytes(now);
    }

    fn request(state: &mut State, _now: Instant) {
        state.on_request();
    }

    fn token(state: &mut State, _now: Instant) {
        assert!(state.move_to(Standing::Authenticated));
    }

    fn answered(state: &mut State, _now: Instant) {
        state.is_answering = false;
    }

    #[test]
    fn without_the_token_it_may_stay_ten_seconds_whatever_it_sends() {
        assert_eq!(deadline_after(&[]), Some(10));
        assert_eq!(deadline_after(&[bytes, bytes, request, answered, bytes]), Some(10));
    }

    #[test]
    fn with_the_token_it_may_stay_while_it_sends_nothing_or_is_answered() {
        assert_eq!(deadline_after(&[bytes, request, token, bytes]), None);
        assert_eq!(deadline_after(&[bytes, request, token, bytes, answered]), None);
    }

    #[test]
    fn with_the_token_the_next_header_has_ten_seconds_from_its_first_byte() {
        let steps = &[bytes, request, token, answered, bytes, bytes];
        assert_eq!(deadline_after(steps), Some(15));
    }

    #[test]
    fn an_evicted_connection_cannot_authenticate_nor_an_authenticated_one_be_evicted() {
        let (one, other) = (Connection::new(), Connection::new());
        assert!(one.evict() && !one.authenticate());
        assert!(other.authenticate() && !other.evict());
    }
}
