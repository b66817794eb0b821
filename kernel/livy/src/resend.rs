//! Decides which requests are sent again, and when; nothing else decides it. Pure.

use std::time::{Duration, Instant};

use crate::{Error, MAX_RETRY_AFTER, error::Fate, request::Method};

/// How long failed requests are sent again, where that is harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResendPolicy {
    /// How long a server that cannot be reached, or fails, is tried.
    pub within: Duration,
    /// How long a server is tried that is too busy (429), or says when it is back (503).
    pub throttled_within: Duration,
}

impl Default for ResendPolicy {
    fn default() -> Self {
        Self { within: Duration::from_secs(10), throttled_within: Duration::from_secs(120) }
    }
}

impl ResendPolicy {
    /// Sends each request once.
    pub const NEVER: Self = Self { within: Duration::ZERO, throttled_within: Duration::ZERO };

    /// Begins to count the attempts at a request.
    pub(crate) fn start(self, method: Method) -> Attempts {
        Attempts {
            policy: self,
            method,
            begun: Instant::now(),
            failed: 0,
            throttled: Duration::ZERO,
        }
    }

    /// Returns how long to wait before the next attempt at a request that has failed for the `attempts`th
    /// time, `elapsed` after the first; `None` gives up. `chance`, from 0 to 1, keeps clients that failed
    /// together from returning together.
    fn delay(
        self,
        method: Method,
        error: &Error,
        attempts: u32,
        elapsed: Duration,
        chance: f64,
    ) -> Option<Duration> {
        if !may_be_sent_again(method, error) {
            return None;
        }
        let wish = with_jitter(error.retry_after().unwrap_or_default(), chance);
        let delay = backoff(attempts).mul_f64(0.5 + chance / 2.0).max(wish);
        let within = if error.is_throttled() { self.throttled_within } else { self.within };
        (elapsed.saturating_add(delay) <= within).then_some(delay)
    }
}

/// The attempts at one request.
pub(crate) struct Attempts {
    policy: ResendPolicy,
    method: Method,
    begun: Instant,
    failed: u32,
    throttled: Duration,
}

impl Attempts {
    /// Returns how long to wait after a failed attempt; `None` gives up. Time spent waiting for a busy
    /// server does not count when it fails afterwards.
    pub fn next_delay(&mut self, error: &Error, chance: f64) -> Option<Duration> {
        self.failed = self.failed.saturating_add(1);
        let mut elapsed = self.begun.elapsed();
        if !error.is_throttled() {
            elapsed = elapsed.saturating_sub(self.throttled);
        }
        let delay = self.policy.delay(self.method, error, self.failed, elapsed, chance)?;
        if error.is_throttled() {
            self.throttled = self.throttled.saturating_add(delay);
        }
        Some(delay)
    }
}

/// Decides whether a failed request may be sent again:
///
/// | | GET | POST, DELETE |
/// |---|---|---|
/// | it never arrived | yes | yes |
/// | it was turned away unread (429) | yes | yes |
/// | its fate is unknown (reset, timeout, 502–504) | yes | no: it may have been carried out |
/// | the answer is not one of Livy's | no | no, for the same reason |
/// | it was refused | no | no |
/// | it could not be signed at the moment | yes | no: the user learns of it at once |
fn may_be_sent_again(method: Method, error: &Error) -> bool {
    match error.fate() {
        // The user can renew a ticket, and has to know.
        Fate::NeverArrived if matches!(error, Error::Auth(_)) => method == Method::Get,
        Fate::NeverArrived | Fate::TurnedAway => true,
        Fate::Unknown => method == Method::Get && error.is_temporary(),
        Fate::Answered => false,
    }
}

/// Makes a wait that a server asks for longer by up to a quarter: it has asked others, too, and they are
/// not to return all at once.
pub(crate) fn with_jitter(wait: Duration, chance: f64) -> Duration {
    wait.saturating_add(wait.min(MAX_RETRY_AFTER).mul_f64(chance / 4.0))
}

/// Returns 0.1 s, 0.2 s, 0.4 s and so on, up to 2 s.
fn backoff(attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(5);
    Duration::from_millis(100 << doublings).min(Duration::from_secs(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Refusal;

    fn refused(status: u16, retry_after: Option<u64>) -> Error {
        let retry_after = retry_after.map(Duration::from_secs);
        Error::Refused(Refusal { status, message: String::new(), retry_after, is_livys: false })
    }

    fn unreachable() -> Error {
        Error::Unreachable { endpoint: "http://h".into(), reason: "refused".into() }
    }

    fn lost() -> Error {
        Error::Lost { endpoint: "http://h".into(), reason: "reset".into() }
    }

    fn unreadable() -> Error {
        Error::Unreadable { endpoint: "http://h".into(), reason: "a web page".into() }
    }

    fn again(method: Method, error: &Error) -> bool {
        ResendPolicy::default().delay(method, error, 1, Duration::ZERO, 0.5).is_some()
    }

    #[test]
    fn a_get_is_repeated_after_trouble_and_a_post_only_if_it_never_ran() {
        for (error, get, post) in [
            (unreachable(), true, true),
            (refused(429, None), true, true),
            (lost(), true, false),
            (refused(502, None), true, false),
            (refused(503, Some(1)), true, false),
            (refused(504, None), true, false),
            (unreadable(), false, false),
            (refused(500, None), false, false),
            (refused(404, None), false, false),
        ] {
            assert_eq!(again(Method::Get, &error), get, "GET after {error}");
            assert_eq!(again(Method::Post, &error), post, "POST after {error}");
            assert_eq!(again(Method::Delete, &error), post, "DELETE after {error}");
        }
    }

    #[test]
    fn retry_after_is_obeyed_and_bounded() {
        let delay = |error: &Error, chance| {
            ResendPolicy::default().delay(Method::Get, error, 1, Duration::ZERO, chance)
        };
        for status in [429, 503] {
            assert_eq!(delay(&refused(status, Some(60)), 0.0), Some(Duration::from_secs(60)));
            assert_eq!(delay(&refused(status, Some(60)), 1.0), Some(Duration::from_secs(75)));
            assert_eq!(delay(&refused(status, Some(600)), 0.0), None);
            assert_eq!(delay(&refused(status, Some(u64::MAX)), 1.0), None);
        }
        assert_eq!(delay(&refused(502, Some(60)), 0.0), None);
    }

    #[test]
    fn time_spent_waiting_for_a_busy_server_leaves_time_for_one_that_fails() {
        let mut attempts = ResendPolicy::default().start(Method::Get);
        attempts.begun = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
        assert!(attempts.next_delay(&lost(), 0.5).is_none());
        attempts.throttled = Duration::from_secs(59);
        assert!(attempts.next_delay(&lost(), 0.5).is_some());
    }

    #[test]
    fn delays_grow_with_jitter_until_the_time_is_up() {
        let policy = ResendPolicy::default();
        let delay = |attempts, elapsed, chance| {
            policy
                .delay(Method::Get, &lost(), attempts, Duration::from_secs(elapsed), chance)
                .map(|delay| delay.as_millis())
        };
        assert_eq!([delay(1, 0, 0.0), delay(1, 0, 1.0)], [Some(50), Some(100)]);
        assert_eq!([delay(4, 1, 1.0), delay(40, 5, 1.0)], [Some(800), Some(2000)]);
        assert_eq!(delay(9, 9, 1.0), None);
    }
}
