//! How long a session may live: in total, without activity, and without a request for it. It has no clock.

use crate::{duration::parse_duration, request::CreateSession};

/// The time limits of a session. A real Livy checks them once a minute, this server every second.
#[derive(Debug)]
pub(crate) struct Lifetime {
    /// The field `ttl`.
    total: Countdown,
    /// The field `idleTimeout`. What Livy calls activity restarts it, which a GET is not.
    idle: Countdown,
    /// The field `heartbeatTimeoutInSecond`. Every request for the session restarts it.
    heartbeat: Countdown,
}

#[derive(Debug)]
struct Countdown {
    seconds: u64,
    limit_ms: Option<u64>,
}

impl Countdown {
    fn new(limit_ms: Option<u64>) -> Self {
        Self { seconds: 0, limit_ms }
    }

    /// Returns whether the limit is exceeded.
    fn on_second(&mut self) -> bool {
        self.seconds = self.seconds.saturating_add(1);
        self.limit_ms.is_some_and(|limit| self.seconds.saturating_mul(1000) > limit)
    }
}

impl Lifetime {
    /// Reads the limits from a request. Without any, a session lives as long as the server. A real Livy ends it after an
    /// hour without activity, but here no other user needs its resources.
    pub(crate) fn of(request: &CreateSession) -> Self {
        let milliseconds =
            |time: &Option<String>| time.as_deref().and_then(|t| parse_duration(t).ok());
        let heartbeat = request.heartbeat_timeout_in_second.filter(|&seconds| seconds > 0);
        Self {
            total: Countdown::new(milliseconds(&request.ttl)),
            idle: Countdown::new(milliseconds(&request.idle_timeout)),
            heartbeat: Countdown::new(heartbeat.map(|seconds| u64::from(seconds) * 1000)),
        }
    }

    pub(crate) fn on_heartbeat(&mut self) {
        self.heartbeat.seconds = 0;
    }

    pub(crate) fn on_activity(&mut self) {
        self.idle.seconds = 0;
    }

    /// Notes that a second has passed. Returns whether a limit is exceeded.
    pub(crate) fn on_second(&mut self) -> bool {
        let all = [&mut self.total, &mut self.idle, &mut self.heartbeat];
        all.into_iter().fold(false, |over, countdown| countdown.on_second() | over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifetime(body: &str) -> Lifetime {
        Lifetime::of(&CreateSession::parse(body.as_bytes()).unwrap())
    }

    fn seconds_until_over(lifetime: &mut Lifetime) -> Option<usize> {
        (1..10_000).find(|_| lifetime.on_second())
    }

    #[test]
    fn without_limits_it_never_ends() {
        assert_eq!(seconds_until_over(&mut lifetime("{}")), None);
        let none = r#"{"heartbeatTimeoutInSecond": 0}"#;
        assert_eq!(seconds_until_over(&mut lifetime(none)), None);
    }

    #[test]
    fn nothing_extends_its_total_time() {
        let mut lifetime = lifetime(r#"{"ttl": "20s"}"#);
        (0..20).for_each(|_| {
            lifetime.on_activity();
            lifetime.on_heartbeat();
            assert!(!lifetime.on_second());
        });
        assert!(lifetime.on_second());
    }

    #[test]
    fn activity_restarts_the_idle_timeout_and_a_heartbeat_does_not() {
        let mut idle = lifetime(r#"{"idleTimeout": "3s"}"#);
        assert!(!idle.on_second() && !idle.on_second());
        idle.on_heartbeat();
        assert_eq!(seconds_until_over(&mut idle), Some(2));
        idle.on_activity();
        assert_eq!(seconds_until_over(&mut idle), Some(4));
    }

    #[test]
    fn a_client_without_heartbeat_loses_it() {
        let mut silent = lifetime(r#"{"heartbeatTimeoutInSecond": 2}"#);
        assert!(!silent.on_second() && !silent.on_second());
        silent.on_heartbeat();
        assert_eq!(seconds_until_over(&mut silent), Some(3));
    }
}
