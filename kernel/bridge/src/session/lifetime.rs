//! How long a session may live, as far as its server says, and when it has to be kept alive. Pure: the
//! time is given. It is the time of day, which goes on while this machine sleeps.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use livy_client::{Session, time};
use serde_json::Value;

use crate::settings::SessionOptions;

/// The user is warned this long before a limit, but never more than a fifth of the limit ahead.
const EXPIRY_WARNING: Duration = Duration::from_secs(600);
/// The longest time between two requests that show the server that this kernel lives. By default the
/// server waits for two minutes, so two lost requests do no harm.
const MAX_CHECK_INTERVAL: Duration = Duration::from_secs(30);

/// The time limits of one session, and how far they have run down.
#[derive(Clone, Debug)]
pub struct Lifetime {
    ttl: Option<Limit>,
    idle: Option<Limit>,
    heartbeat: Limit,
    /// How long after the last cell the session is kept alive.
    keep_alive: Duration,
    /// How many cells use the session now.
    cells: usize,
    last_cell_ended: SystemTime,
}

/// A time after which the server ends a session.
#[derive(Clone, Debug)]
struct Limit {
    /// The length in Livy's notation.
    text: String,
    length: Duration,
    since: SystemTime,
    warned: bool,
}

impl Lifetime {
    /// Takes the limits from what the server says of the session, or else from what it was asked for:
    /// not every server repeats that.
    pub fn new(session: &Session, created: SystemTime, options: &SessionOptions) -> Self {
        let limit = |field, asked: &Option<String>| {
            let stated = session.other.get(field).and_then(Value::as_str);
            let text = stated.map(str::to_owned).or_else(|| asked.clone())?;
            let length = time::parse(&text)?;
            Some(Limit { text, length, since: created, warned: false })
        };
        let stated = session.other.get("heartbeatTimeoutInSecond").and_then(Value::as_u64);
        let silence = stated.map_or_else(|| options.heartbeat_timeout(), Duration::from_secs);
        let text = format!("{} s", silence.as_secs());
        Self {
            heartbeat: Limit { text, length: silence, since: created, warned: true },
            ttl: limit("ttl", &options.ttl),
            idle: limit("idleTimeout", &options.idle_timeout),
            keep_alive: options.keep_alive.unwrap_or_default(),
            cells: 0,
            last_cell_ended: created,
        }
    }

    /// Notes that a cell begins to use the session.
    pub fn begin_cell(&mut self, now: SystemTime) {
        self.cells += 1;
        self.note_activity(now);
    }

    /// Notes that a cell has ended.
    pub fn end_cell(&mut self, now: SystemTime) {
        self.cells = self.cells.saturating_sub(1);
        self.last_cell_ended = now;
        self.note_activity(now);
    }

    /// Whether a cell uses the session.
    pub fn runs_a_cell(&self) -> bool {
        self.cells > 0
    }

    /// Notes that the server has seen what it counts as activity.
    pub fn note_activity(&mut self, now: SystemTime) {
        if let Some(idle) = &mut self.idle {
            idle.since = now;
            idle.warned = false;
        }
    }

    /// Notes that the server has seen that this kernel lives.
    pub fn note_heartbeat(&mut self, now: SystemTime) {
        self.heartbeat.since = now;
    }

    /// Whether the session has to be kept alive: while a cell runs, and for as long afterwards as the user
    /// wants.
    pub fn is_in_use(&self, now: SystemTime) -> bool {
        self.cells > 0 || since(self.last_cell_ended, now) < self.keep_alive
    }

    /// How long to wait before the session is looked after again.
    pub fn check_interval(&self) -> Duration {
        let limits = [&self.ttl, &self.idle].into_iter().flatten();
        let lengths = limits.map(|limit| limit.length / 10);
        let silence = Some(self.heartbeat.length / 4).filter(|silence| !silence.is_zero());
        let shortest = lengths.chain(silence).min().unwrap_or(MAX_CHECK_INTERVAL);
        shortest.clamp(Duration::from_secs(1), MAX_CHECK_INTERVAL)
    }

    /// Says when the session may end and why, if that is near and the user was not warned before.
    pub fn take_warning(&mut self, now: SystemTime) -> Option<String> {
        let ttl =
            self.ttl.as_mut().and_then(|limit| limit.take_warning(now)).map(|(time, text)| {
                format!(
                    "from {time} on, whatever runs in it: its ttl is {text}. Save what you need."
                )
            });
        let idle =
            self.idle.as_mut().and_then(|limit| limit.take_warning(now)).map(|(time, text)| {
                format!(
                    "from {time} on, since it is idle: its idleTimeout is {text}. \
                 Run any cell to keep it."
                )
            });
        ttl.or(idle)
    }

    /// Says which limit was exceeded, if the session ended now.
    pub fn expired_limit(&self, now: SystemTime) -> Option<String> {
        let is_over = |limit: &&Limit| since(limit.since, now) >= limit.length;
        let of = |limit: &Option<Limit>, name| {
            let over = limit.as_ref().filter(is_over);
            over.map(|limit| format!("its {name} ({}) was over", limit.text))
        };
        let unheard = || {
            let over =
                Some(&self.heartbeat).filter(is_over).filter(|limit| !limit.length.is_zero());
            over.map(|limit| {
                format!(
                    "Livy has not heard from this kernel for more than {}, as when this machine \
                     sleeps (LIVY_HEARTBEAT_TIMEOUT)",
                    limit.text
                )
            })
        };
        of(&self.ttl, "ttl").or_else(|| of(&self.idle, "idleTimeout")).or_else(unheard)
    }
}

impl Limit {
    /// Returns when the limit is reached, and its text, if that is soon and the user was not warned before.
    fn take_warning(&mut self, now: SystemTime) -> Option<(String, &str)> {
        let near = self.length.saturating_sub(EXPIRY_WARNING.min(self.length / 5));
        if self.warned || since(self.since, now) < near {
            return None;
        }
        self.warned = true;
        Some((clock(self.since.checked_add(self.length)?), &self.text))
    }
}

/// How much time has passed; zero if the clock was set back.
fn since(then: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(then).unwrap_or_default()
}

/// Hours and minutes of the day in UTC, since the time zone of the user is not known here.
fn clock(time: SystemTime) -> String {
    let minutes = since(UNIX_EPOCH, time).as_secs() / 60;
    format!("{:02}:{:02} UTC", minutes / 60 % 24, minutes % 60)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(minutes: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(60 * minutes)
    }

    fn lifetime(ttl: Option<&str>, idle: Option<&str>, keep_alive: u64) -> Lifetime {
        let session = json!({"id": 8, "state": "idle", "ttl": ttl, "idleTimeout": idle});
        let session = serde_json::from_value(session).unwrap();
        let keep_alive = Some(Duration::from_secs(60 * keep_alive));
        Lifetime::new(&session, at(0), &SessionOptions { keep_alive, ..SessionOptions::default() })
    }

    #[test]
    fn a_session_is_in_use_while_a_cell_runs_however_long_that_is() {
        let mut lifetime = lifetime(None, None, 0);
        assert!(!lifetime.is_in_use(at(0)));
        lifetime.begin_cell(at(1));
        assert!(lifetime.is_in_use(at(100_000)));
        lifetime.end_cell(at(100_000));
        assert!(!lifetime.is_in_use(at(100_000)));
    }

    #[test]
    fn a_session_is_kept_for_as_long_after_the_last_cell_as_one_wants() {
        let mut lifetime = lifetime(None, None, 120);
        lifetime.begin_cell(at(1));
        lifetime.end_cell(at(10));
        assert!(lifetime.is_in_use(at(129)));
        assert!(!lifetime.is_in_use(at(130)));
    }

    #[test]
    fn an_idle_session_is_told_of_once_before_its_end_and_anew_after_activity() {
        let mut lifetime = lifetime(None, Some("1h"), 0);
        assert_eq!(lifetime.take_warning(at(49)), None);
        let warning = lifetime.take_warning(at(50)).unwrap();
        assert!(
            warning.contains("01:00 UTC") && warning.contains("idleTimeout is 1h"),
            "{warning}"
        );
        assert_eq!(lifetime.take_warning(at(55)), None);
        lifetime.note_activity(at(55));
        assert_eq!(lifetime.take_warning(at(100)), None);
        assert!(lifetime.take_warning(at(105)).unwrap().contains("01:55 UTC"));
    }

    #[test]
    fn a_time_to_live_is_not_stretched_by_activity() {
        let mut lifetime = lifetime(Some("20m"), None, 0);
        lifetime.begin_cell(at(10));
        assert_eq!(lifetime.take_warning(at(15)), None);
        assert!(lifetime.take_warning(at(16)).unwrap().contains("00:20 UTC"));
        lifetime.note_heartbeat(at(19));
        assert_eq!(lifetime.expired_limit(at(19)), None);
        assert_eq!(lifetime.expired_limit(at(20)).unwrap(), "its ttl (20m) was over");
    }

    #[test]
    fn a_machine_that_slept_longer_than_the_server_waits_is_a_cause() {
        let mut lifetime = lifetime(None, None, 0);
        lifetime.note_heartbeat(at(5));
        assert_eq!(lifetime.expired_limit(at(6)), None);
        assert!(lifetime.expired_limit(at(8)).unwrap().contains("more than 120 s"));
    }

    #[test]
    fn a_clock_that_jumps_ends_nothing() {
        let mut lifetime = lifetime(Some("20m"), Some("1h"), 30);
        lifetime.begin_cell(at(1000));
        lifetime.end_cell(at(5));
        assert!(lifetime.is_in_use(at(0)) && lifetime.take_warning(at(0)).is_none());
        assert_eq!(lifetime.expired_limit(at(0)), None);
        assert!(lifetime.take_warning(at(1_000_000)).is_some());
        lifetime.note_activity(at(10));
        assert!(lifetime.take_warning(at(10)).is_none());
    }

    #[test]
    fn a_session_without_known_limits_is_never_warned_of() {
        let mut lifetime = lifetime(None, Some("soon"), 0);
        lifetime.note_heartbeat(at(1_000_000));
        assert_eq!(
            (lifetime.take_warning(at(1_000_000)), lifetime.expired_limit(at(1_000_000))),
            (None, None)
        );
        assert_eq!(lifetime.check_interval(), MAX_CHECK_INTERVAL);
    }

    #[test]
    fn a_short_limit_is_looked_after_more_often() {
        assert_eq!(lifetime(Some("1h"), Some("100s"), 0).check_interval(), Duration::from_secs(10));
        assert_eq!(lifetime(Some("1ms"), None, 0).check_interval(), Duration::from_secs(1));
    }
}
