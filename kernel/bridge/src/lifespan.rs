//! How long a session may live, as far as its server tells, and when it wants to be kept alive.
//! Pure: the time is given. It is the time of day, which goes on while this machine sleeps.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use livy_client::{Session, time};
use serde_json::Value;

use crate::settings::Terms;

/// A person is warned this long before an end, or earlier than a fifth of the whole time.
const AHEAD: Duration = Duration::from_secs(600);
/// A kernel shows so often that it lives: two lost heartbeats do no harm.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// What is known of one session's time.
#[derive(Clone, Debug)]
pub struct Lifespan {
    ttl: Option<Limit>,
    idle: Option<Limit>,
    heartbeat: Limit,
    /// How long after the last cell it is kept alive.
    keep_alive: Duration,
    cells: usize,
    cell_ended: SystemTime,
}

#[derive(Clone, Debug)]
struct Limit {
    /// In Livy's words.
    text: String,
    length: Duration,
    since: SystemTime,
    warned: bool,
}

impl Lifespan {
    /// That of a session which was created then, on these terms. Not every server repeats them.
    pub fn new(session: &Session, created: SystemTime, terms: &Terms) -> Self {
        let limit = |field, asked: &Option<String>| {
            let told = session.other.get(field).and_then(Value::as_str);
            let text = told.map(str::to_owned).or_else(|| asked.clone())?;
            let length = time::parse(&text)?;
            Some(Limit { text, length, since: created, warned: false })
        };
        let silence = terms.heartbeat_timeout();
        let text = format!("{} s", silence.as_secs());
        Self {
            heartbeat: Limit { text, length: silence, since: created, warned: true },
            ttl: limit("ttl", &terms.ttl),
            idle: limit("idleTimeout", &terms.idle_timeout),
            keep_alive: terms.keep_alive.unwrap_or_default(),
            cells: 0,
            cell_ended: created,
        }
    }

    /// A cell begins to run in it.
    pub fn cell_begins(&mut self, now: SystemTime) {
        self.cells += 1;
        self.is_active(now);
    }

    /// A cell has ended.
    pub fn cell_ends(&mut self, now: SystemTime) {
        self.cells = self.cells.saturating_sub(1);
        self.cell_ended = now;
        self.is_active(now);
    }

    /// Whether one runs.
    pub fn runs_a_cell(&self) -> bool {
        self.cells > 0
    }

    /// The server has seen what it calls activity.
    pub fn is_active(&mut self, now: SystemTime) {
        if let Some(idle) = &mut self.idle {
            idle.since = now;
            idle.warned = false;
        }
    }

    /// The server has seen that this kernel lives.
    pub fn is_heard(&mut self, now: SystemTime) {
        self.heartbeat.since = now;
    }

    /// Whether the server is to be told that it is in use: while a cell runs, and for as long
    /// afterwards as the person wants.
    pub fn is_in_use(&self, now: SystemTime) -> bool {
        self.cells > 0 || since(self.cell_ended, now) < self.keep_alive
    }

    /// How long until it is looked after again.
    pub fn pulse(&self) -> Duration {
        let limits = [&self.ttl, &self.idle].into_iter().flatten();
        let lengths = limits.map(|limit| limit.length / 10);
        let silence = Some(self.heartbeat.length / 4).filter(|silence| !silence.is_zero());
        let shortest = lengths.chain(silence).min().unwrap_or(HEARTBEAT);
        shortest.clamp(Duration::from_secs(1), HEARTBEAT)
    }

    /// When it may end, and why, if that is near and was not told.
    pub fn warning(&mut self, now: SystemTime) -> Option<String> {
        let ttl = self.ttl.as_mut().and_then(|limit| limit.near(now)).map(|(time, text)| {
            format!("from {time} on, whatever runs in it: its ttl is {text}. Save what you need.")
        });
        let idle = self.idle.as_mut().and_then(|limit| limit.near(now)).map(|(time, text)| {
            format!(
                "from {time} on, since it is idle: its idleTimeout is {text}. \
                 Any cell keeps it."
            )
        });
        ttl.or(idle)
    }

    /// Which of its times was over, if it ended now.
    pub fn over(&self, now: SystemTime) -> Option<String> {
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
    /// When it is over, if that is soon and nobody has been told.
    fn near(&mut self, now: SystemTime) -> Option<(String, &str)> {
        let near = self.length.saturating_sub(AHEAD.min(self.length / 5));
        if self.warned || since(self.since, now) < near {
            return None;
        }
        self.warned = true;
        Some((clock(self.since.checked_add(self.length)?), &self.text))
    }
}

/// None, if the clock was set back.
fn since(then: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(then).unwrap_or_default()
}

/// Hours and minutes, where the time zone of whoever reads it is not known.
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

    fn lifespan(ttl: Option<&str>, idle: Option<&str>, keep_alive: u64) -> Lifespan {
        let session = json!({"id": 8, "state": "idle", "ttl": ttl, "idleTimeout": idle});
        let session = serde_json::from_value(session).unwrap();
        let keep_alive = Some(Duration::from_secs(60 * keep_alive));
        Lifespan::new(&session, at(0), &Terms { keep_alive, ..Terms::default() })
    }

    #[test]
    fn a_session_is_in_use_while_a_cell_runs_however_long_that_is() {
        let mut lifespan = lifespan(None, None, 0);
        assert!(!lifespan.is_in_use(at(0)));
        lifespan.cell_begins(at(1));
        assert!(lifespan.is_in_use(at(100_000)));
        lifespan.cell_ends(at(100_000));
        assert!(!lifespan.is_in_use(at(100_000)));
    }

    #[test]
    fn a_session_is_kept_for_as_long_after_the_last_cell_as_one_wants() {
        let mut lifespan = lifespan(None, None, 120);
        lifespan.cell_begins(at(1));
        lifespan.cell_ends(at(10));
        assert!(lifespan.is_in_use(at(129)));
        assert!(!lifespan.is_in_use(at(130)));
    }

    #[test]
    fn an_idle_session_is_told_of_once_before_its_end_and_anew_after_activity() {
        let mut lifespan = lifespan(None, Some("1h"), 0);
        assert_eq!(lifespan.warning(at(49)), None);
        let warning = lifespan.warning(at(50)).unwrap();
        assert!(
            warning.contains("01:00 UTC") && warning.contains("idleTimeout is 1h"),
            "{warning}"
        );
        assert_eq!(lifespan.warning(at(55)), None);
        lifespan.is_active(at(55));
        assert_eq!(lifespan.warning(at(100)), None);
        assert!(lifespan.warning(at(105)).unwrap().contains("01:55 UTC"));
    }

    #[test]
    fn a_time_to_live_is_not_stretched_by_activity() {
        let mut lifespan = lifespan(Some("20m"), None, 0);
        lifespan.cell_begins(at(10));
        assert_eq!(lifespan.warning(at(15)), None);
        assert!(lifespan.warning(at(16)).unwrap().contains("00:20 UTC"));
        lifespan.is_heard(at(19));
        assert_eq!(lifespan.over(at(19)), None);
        assert_eq!(lifespan.over(at(20)).unwrap(), "its ttl (20m) was over");
    }

    #[test]
    fn a_machine_that_slept_longer_than_the_server_waits_is_a_cause() {
        let mut lifespan = lifespan(None, None, 0);
        lifespan.is_heard(at(5));
        assert_eq!(lifespan.over(at(6)), None);
        assert!(lifespan.over(at(8)).unwrap().contains("more than 120 s"));
    }

    #[test]
    fn a_clock_that_jumps_ends_nothing() {
        let mut lifespan = lifespan(Some("20m"), Some("1h"), 30);
        lifespan.cell_begins(at(1000));
        lifespan.cell_ends(at(5));
        assert!(lifespan.is_in_use(at(0)) && lifespan.warning(at(0)).is_none());
        assert_eq!(lifespan.over(at(0)), None);
        assert!(lifespan.warning(at(1_000_000)).is_some());
        lifespan.is_active(at(10));
        assert!(lifespan.warning(at(10)).is_none());
    }

    #[test]
    fn a_session_without_known_limits_is_never_warned_of() {
        let mut lifespan = lifespan(None, Some("soon"), 0);
        lifespan.is_heard(at(1_000_000));
        assert_eq!((lifespan.warning(at(1_000_000)), lifespan.over(at(1_000_000))), (None, None));
        assert_eq!(lifespan.pulse(), HEARTBEAT);
    }

    #[test]
    fn a_short_limit_is_looked_after_more_often() {
        assert_eq!(lifespan(Some("1h"), Some("100s"), 0).pulse(), Duration::from_secs(10));
        assert_eq!(lifespan(Some("1ms"), None, 0).pulse(), Duration::from_secs(1));
    }
}
