//! How often events are asked for while a cell runs. Pure.

use std::time::Duration;

/// How long requests wait one after the other for the events of a cell that is silent.
const BUSY_TIME: Duration = Duration::from_secs(30);
/// How long such a request waits.
const WAIT: Duration = Duration::from_secs(1);
/// How long it waits later, and the pause before it: so a long cell costs one request a second with those for
/// its state, and its end is found within 0.3 s. The request takes one of the server's threads meanwhile; a
/// server that has none left is slow, and so is asked less often.
const LATE_WAIT: Duration = Duration::from_millis(1800);
const LATE_PAUSE: Duration = Duration::from_millis(250);
/// Requests that may be made at once.
const TOKENS: f64 = 12.0;
/// Requests a second, if they go on: 120 in the first 30 s with those that may be made at once.
const TOKENS_PER_SECOND: f64 = 3.6;
/// With fewer left, events are collected before they are fetched, unless the cell ends.
const FEW_TOKENS: f64 = 6.0;
/// What a fetch costs: a job is sent, a request waits, and the job's result is got.
const FETCH: f64 = 3.0;
/// So long they are collected otherwise: what is printed together comes together.
const SHORT_LINGER: Duration = Duration::from_millis(30);
/// So long at least if few tokens are left.
const LINGER: Duration = Duration::from_millis(250);
/// What an answer may take without a pause after it.
const USUAL_DELAY: Duration = Duration::from_millis(250);
/// The longest pause that a slow server causes.
const SLOW_SERVER_PAUSE: Duration = Duration::from_secs(5);

/// A request that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The pause before it.
    pub pause: Duration,
    /// How long it waits for an event.
    pub time: Duration,
}

/// The requests for the events of one cell. All times count from its beginning.
#[derive(Debug)]
pub struct Pace {
    /// The time before the beginning.
    past: Duration,
    tokens: f64,
    /// When the tokens were counted.
    counted: Duration,
    /// How much longer than it was to wait the last request took.
    delay: Duration,
}

impl Pace {
    /// That of a cell that begins.
    pub fn of_cell() -> Self {
        let (past, counted, delay) = Default::default();
        Self { past, tokens: TOKENS, counted, delay }
    }

    /// That of something for which nobody waits.
    pub fn in_background() -> Self {
        Self { past: BUSY_TIME, ..Self::of_cell() }
    }

    /// How the next request for an event waits, which may be expected at any moment.
    pub fn wait(&self, now: Duration, is_expected: bool) -> Wait {
        let for_server = self.delay.saturating_mul(2).min(SLOW_SERVER_PAUSE);
        match is_expected || now + self.past < BUSY_TIME {
            true => Wait { pause: for_server, time: WAIT },
            false => Wait { pause: for_server.max(LATE_PAUSE), time: LATE_WAIT },
        }
    }

    /// Notes that a request has waited for its whole time and found nothing, and what it took beside that.
    pub fn note_silence(&mut self, delay: Duration) {
        self.delay = delay.saturating_sub(USUAL_DELAY);
    }

    /// How long after an event that is not urgent others are collected.
    pub fn linger(&mut self, now: Duration) -> Duration {
        self.count(0.0, now);
        if self.tokens >= FEW_TOKENS {
            return SHORT_LINGER;
        }
        let for_tokens = (FETCH - self.tokens).max(0.0) / TOKENS_PER_SECOND;
        LINGER.max(Duration::from_secs_f64(for_tokens))
    }

    /// Whether requests are to be saved.
    pub fn is_thrifty(&self) -> bool {
        self.tokens < FEW_TOKENS
    }

    /// Counts requests.
    pub fn count(&mut self, requests: f64, now: Duration) {
        let new = now.saturating_sub(self.counted).as_secs_f64() * TOKENS_PER_SECOND;
        self.tokens = (self.tokens + new).min(TOKENS) - requests;
        self.counted = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const SECOND: Duration = Duration::from_secs(1);

    /// When the events of a cell that prints all the time are fetched, and the requests for that.
    fn fetches(until: Duration) -> (Vec<Duration>, f64) {
        let (mut pace, mut now, mut times, mut requests) =
            (Pace::of_cell(), Duration::ZERO, Vec::new(), 0.0);
        while now < until {
            let linger = pace.linger(now);
            let cost = if pace.is_thrifty() { FETCH } else { FETCH + 1.0 };
            now += linger + 20 * MS;
            pace.count(cost, now);
            times.push(now);
            requests += cost;
        }
        (times, requests)
    }

    #[test]
    fn output_costs_four_requests_a_second_however_much_it_is() {
        let (_, requests) = fetches(30 * SECOND);
        assert!(requests <= 122.0, "{requests}");
    }

    #[test]
    fn output_comes_at_once_and_then_every_0_9_s() {
        let (times, _) = fetches(30 * SECOND);
        assert!(times[1] <= 100 * MS, "{times:?}");
        let longest = times.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(longest <= Some(900 * MS), "{times:?}");
    }

    #[test]
    fn a_silent_cell_costs_one_request_a_second() {
        let pace = Pace::of_cell();
        let soon = Wait { pause: Duration::ZERO, time: SECOND };
        assert_eq!(pace.wait(29 * SECOND, false), soon);
        let late = Wait { pause: 250 * MS, time: 1800 * MS };
        assert_eq!(pace.wait(30 * SECOND, false), late);
        assert_eq!(Pace::in_background().wait(Duration::ZERO, false), late);
        assert_eq!(pace.wait(30 * SECOND, true), soon);
    }

    #[test]
    fn output_after_a_silence_comes_at_once_again() {
        let mut pace = Pace::of_cell();
        pace.count(12.0, SECOND);
        assert!(pace.linger(SECOND) > 250 * MS);
        assert_eq!(pace.linger(4 * SECOND), SHORT_LINGER);
    }

    #[test]
    fn a_slow_server_has_a_pause() {
        let mut pace = Pace::of_cell();
        pace.note_silence(30 * MS);
        assert_eq!(pace.wait(SECOND, false).pause, Duration::ZERO);
        pace.note_silence(1250 * MS);
        assert_eq!(pace.wait(SECOND, false).pause, 2 * SECOND);
        pace.note_silence(60 * SECOND);
        assert_eq!(pace.wait(SECOND, false).pause, SLOW_SERVER_PAUSE);
    }
}
