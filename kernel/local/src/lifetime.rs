//! How long a session may live: in all, without activity, and without a word from its client. No clock.

use crate::request::CreateSession;

/// Counts seconds. A real Livy looks once a minute; here a session ends in the second in which its time is over.
#[derive(Debug)]
pub(crate) struct Lifetime {
    in_all: Countdown,
    /// Restarted by what Livy calls activity, which a GET is not.
    idle: Countdown,
    /// Restarted by every request for the session.
    silent: Countdown,
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

    fn on_second(&mut self) -> bool {
        self.seconds = self.seconds.saturating_add(1);
        self.limit_ms.is_some_and(|limit| self.seconds.saturating_mul(1000) > limit)
    }
}

impl Lifetime {
    /// Where Livy ends a session after an hour without activity, nobody waits here for what it holds: it may stay.
    pub(crate) fn of(request: &CreateSession) -> Self {
        let milliseconds = |time: &Option<String>| time.as_deref().and_then(|t| parse_time(t).ok());
        let heartbeat = request.heartbeat_timeout_in_second.filter(|&seconds| seconds > 0);
        Self {
            in_all: Countdown::new(milliseconds(&request.ttl)),
            idle: Countdown::new(milliseconds(&request.idle_timeout)),
            silent: Countdown::new(heartbeat.map(|seconds| u64::from(seconds) * 1000)),
        }
    }

    pub(crate) fn on_heartbeat(&mut self) {
        self.silent.seconds = 0;
    }

    pub(crate) fn on_activity(&mut self) {
        self.idle.seconds = 0;
    }

    /// Says whether it is over.
    pub(crate) fn on_second(&mut self) -> bool {
        let all = [&mut self.in_all, &mut self.idle, &mut self.silent];
        all.into_iter().fold(false, |over, countdown| countdown.on_second() | over)
    }
}

/// Why a text is no time, in Livy's words.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidTime {
    #[error("Invalid time string: {0}")]
    Text(String),
    #[error("Invalid suffix: \"{0}\"")]
    Suffix(String),
    #[error("Invalid value: {0}")]
    Value(i64),
}

/// Milliseconds. Livy's times are a whole number and one of its units, or milliseconds without one.
pub(crate) fn parse_time(text: &str) -> Result<u64, InvalidTime> {
    let invalid = || InvalidTime::Text(text.to_owned());
    let lower = text.trim().to_ascii_lowercase();
    let end = lower.find(|c: char| c != '-' && !c.is_ascii_digit()).unwrap_or(lower.len());
    let (number, unit) = lower.split_at(end);
    let number: i64 = number.parse().map_err(|_| invalid())?;
    if !unit.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Err(invalid());
    }
    let value = |number| u64::try_from(number).map_err(|_| InvalidTime::Value(number));
    Ok(match unit {
        "us" => value(number)? / 1000,
        "" | "ms" => value(number)?,
        "s" => value(number)?.saturating_mul(1000),
        "m" | "min" => value(number)?.saturating_mul(60_000),
        "h" => value(number)?.saturating_mul(3_600_000),
        "d" => value(number)?.saturating_mul(86_400_000),
        other => return Err(InvalidTime::Suffix(other.to_owned())),
    })
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
    fn times_are_livys() {
        for (text, milliseconds) in
            [("2h", 7_200_000), ("90 ", 90), ("5MIN", 300_000), ("1500us", 1), ("0s", 0)]
        {
            assert_eq!(parse_time(text), Ok(milliseconds), "{text}");
        }
        for (text, words) in [
            ("soon", "Invalid time string: soon"),
            ("", "Invalid time string: "),
            ("5 s", "Invalid time string: 5 s"),
            ("1.5h", "Invalid time string: 1.5h"),
            ("2y", "Invalid suffix: \"y\""),
            ("-5s", "Invalid value: -5"),
        ] {
            assert_eq!(parse_time(text).unwrap_err().to_string(), words, "{text}");
        }
    }

    #[test]
    fn without_limits_it_never_ends() {
        assert_eq!(seconds_until_over(&mut lifetime("{}")), None);
        let none = r#"{"heartbeatTimeoutInSecond": 0}"#;
        assert_eq!(seconds_until_over(&mut lifetime(none)), None);
    }

    #[test]
    fn its_time_in_all_cannot_be_stretched() {
        let mut lifetime = lifetime(r#"{"ttl": "20s"}"#);
        (0..20).for_each(|_| {
            lifetime.on_activity();
            lifetime.on_heartbeat();
            assert!(!lifetime.on_second());
        });
        assert!(lifetime.on_second());
    }

    #[test]
    fn activity_keeps_it_and_a_heartbeat_does_not() {
        let mut idle = lifetime(r#"{"idleTimeout": "3s"}"#);
        assert!(!idle.on_second() && !idle.on_second());
        idle.on_heartbeat();
        assert_eq!(seconds_until_over(&mut idle), Some(2));
        idle.on_activity();
        assert_eq!(seconds_until_over(&mut idle), Some(4));
    }

    #[test]
    fn silence_beyond_the_heartbeat_timeout_ends_it() {
        let mut silent = lifetime(r#"{"heartbeatTimeoutInSecond": 2}"#);
        assert!(!silent.on_second() && !silent.on_second());
        silent.on_heartbeat();
        assert_eq!(seconds_until_over(&mut silent), Some(3));
    }
}
