//! How often events are asked for while a cell runs. Pure.

use std::time::Duration;

/// How long requests wait one after the other for the events of a cell that is silent.
const BUSY_TIME: Duration = Duration::from_secs(30);
/// How long such a request waits.
const WAIT: Duration = Duration::from_secs(1);
/// How long it waits later, and the pause before it: so a long cell costs one request a second, and takes one
/// of the server's threads only half of the time.
const LATE_WAIT: Duration = Duration::from_millis(500);
/// Requests that may be made at once.
const TOKENS: f64 = 12.0;
/// Requests a second, if they go on: 120 in the first 30 s with those that may be made at once.
const TOKENS_PER_SECOND: f64 = 3.6;
/// With fewer left, what a cell shows all the time is fetched in intervals.
const FEW_TOKENS: f64 = 6.0;
/// What a fetch costs: a job is sent, and its result is got.
const FETCH: f64 = 2.0;
/// The shortest of these intervals.
const OUTPUT_INTERVAL: Duration = Duration::from_millis(250);
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
    /// When the last events were fetched, unless nothing followed them at once.
    fetched: Option<Duration>,
    /// How much longer than it was to wait the last request took.
    delay: Duration,
}

impl Pace {
    /// That of a cell that begins.
    pub fn of_cell() -> Self {
        let (past, counted, delay) = Default::default();
        Self { past, tokens: TOKENS, counted, fetched: None, delay }
    }

    /// That of something for which nobody waits.
    pub fn in_background() -> Self {
        Self { past: BUSY_TIME, ..Self::of_cell() }
    }

    /// How the next request for an event waits.
    pub fn wait(&self, now: Duration) -> Wait {
        let for_server = self.delay.saturating_mul(2).min(SLOW_SERVER_PAUSE);
        match now + self.past < BUSY_TIME {
            true => Wait { pause: for_server, time: WAIT },
            false => Wait { pause: for_server.max(LATE_WAIT), time: LATE_WAIT },
        }
    }

    /// Notes that a request has waited for its whole time and found nothing, and what it took beside that.
    pub fn note_silence(&mut self, delay: Duration) {
        self.fetched = None;
        // What a network takes is no reason for a pause.
        self.delay = delay.saturating_sub(OUTPUT_INTERVAL);
    }

    /// The pause before events are fetched that are there already, since the cell shows something all the
    /// time; `None` if they are to be waited for.
    pub fn pause_between_outputs(&mut self, now: Duration) -> Option<Duration> {
        self.count(0.0, now);
        let fetched = self.fetched.filter(|_| self.tokens < FEW_TOKENS)?;
        let for_tokens = (FETCH - self.tokens).max(0.0) / TOKENS_PER_SECOND;
        let interval = (fetched + OUTPUT_INTERVAL).saturating_sub(now);
        Some(interval.max(Duration::from_secs_f64(for_tokens)))
    }

    /// Notes that what there was of events has been fetched.
    pub fn note_fetch(&mut self, now: Duration, had_events: bool) {
        self.fetched = had_events.then_some(now);
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
            let cost = match pace.pause_between_outputs(now) {
                Some(pause) => {
                    now += pause;
                    FETCH
                }
                None => FETCH + 1.0,
            };
            now += 40 * MS;
            pace.count(cost, now);
            pace.note_fetch(now, true);
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
    fn output_comes_at_once_and_then_twice_a_second() {
        let (times, _) = fetches(30 * SECOND);
        assert!(times[1] <= 100 * MS, "{times:?}");
        let longest = times.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(longest <= Some(600 * MS), "{times:?}");
    }

    #[test]
    fn a_silent_cell_costs_one_request_a_second() {
        let pace = Pace::of_cell();
        assert_eq!(pace.wait(29 * SECOND), Wait { pause: Duration::ZERO, time: SECOND });
        let late = Wait { pause: 500 * MS, time: 500 * MS };
        assert_eq!(pace.wait(30 * SECOND), late);
        assert_eq!(Pace::in_background().wait(Duration::ZERO), late);
    }

    #[test]
    fn output_after_a_silence_comes_at_once_again() {
        let mut pace = Pace::of_cell();
        pace.count(12.0, SECOND);
        pace.note_fetch(SECOND, true);
        assert!(pace.pause_between_outputs(SECOND).is_some());
        assert_eq!(pace.pause_between_outputs(4 * SECOND), None);
        pace.count(12.0, 4 * SECOND);
        pace.note_silence(Duration::ZERO);
        assert_eq!(pace.pause_between_outputs(4 * SECOND), None);
    }

    #[test]
    fn a_slow_server_has_a_pause() {
        let mut pace = Pace::of_cell();
        pace.note_silence(30 * MS);
        assert_eq!(pace.wait(SECOND).pause, Duration::ZERO);
        pace.note_silence(1250 * MS);
        assert_eq!(pace.wait(SECOND).pause, 2 * SECOND);
        pace.note_silence(60 * SECOND);
        assert_eq!(pace.wait(SECOND).pause, SLOW_SERVER_PAUSE);
    }
}
