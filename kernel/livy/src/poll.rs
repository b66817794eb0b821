use std::time::{Duration, Instant};

use crate::{budget, resend, retry_after::MAX_RETRY_AFTER};

/// The longest pause that a slow server causes.
const SLOW_SERVER_PAUSE: Duration = Duration::from_secs(5);

/// How often to ask for something that ends by itself: the longer it has taken, the less often, since a
/// delay is noticed in proportion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollPolicy {
    early: Growth,
    late: Growth,
    longest: Duration,
    has_budget: bool,
}

/// A pause that grows with the time since the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Growth {
    first: Duration,
    /// How much it grows in a second.
    slope: Duration,
}

impl Growth {
    const fn new(first_ms: u64, slope_ms: u64) -> Self {
        Self { first: Duration::from_millis(first_ms), slope: Duration::from_millis(slope_ms) }
    }

    fn at(self, elapsed: Duration) -> Duration {
        self.first.saturating_add(self.slope.mul_f64(elapsed.as_secs_f64().min(1e6)))
    }
}

impl PollPolicy {
    /// Polls a statement. On average its end is noticed 20 ms and 2 % of its time too late, and no more
    /// than 0.3 s in the first minute. That takes at most four requests a second for 30 s, and one a second
    /// after; what is not used of the first may be used later.
    pub const STATEMENT: Self = Self {
        early: Growth::new(10, 500),
        late: Growth::new(28, 38),
        longest: Duration::from_millis(570),
        has_budget: true,
    };
    /// Polls a statement that has ended in its interpreter, as somebody has told, and so in a moment for
    /// the server.
    pub const ENDED_STATEMENT: Self = Self { early: Growth::new(6, 100), ..Self::STATEMENT };
    /// Polls a session every 100 ms to 1 s while it starts, which takes seconds to minutes.
    pub const SESSION: Self = Self::new(Duration::from_millis(100), Duration::from_secs(1));

    /// Makes a policy that adds a tenth to the time, within these limits.
    pub const fn new(shortest: Duration, longest: Duration) -> Self {
        let growth = Growth { first: shortest, slope: Duration::from_millis(100) };
        Self { early: growth, late: growth, longest, has_budget: false }
    }

    /// Begins to poll one thing.
    pub fn start(self) -> Polls {
        Polls { policy: self, begun: Instant::now(), sent: 0, answer_time: None, retry_after: None }
    }

    fn delay(self, elapsed: Duration) -> Duration {
        self.early.at(elapsed).min(self.late.at(elapsed)).min(self.longest)
    }
}

/// The polls of one thing, from [`PollPolicy::start`].
#[derive(Debug)]
pub struct Polls {
    policy: PollPolicy,
    begun: Instant,
    sent: u32,
    /// How long the last answers took.
    answer_time: Option<Duration>,
    retry_after: Option<Duration>,
}

impl Polls {
    /// Makes the next wait as long as the server's `Retry-After` header asked for, or up to a quarter
    /// longer, but no longer than [`MAX_RETRY_AFTER`].
    pub fn set_retry_after(&mut self, retry_after: Option<Duration>) {
        let wait = |wait| resend::with_jitter(wait, fastrand::f64()).min(MAX_RETRY_AFTER);
        self.retry_after = retry_after.map(wait);
    }

    /// Notes how long the server took for an answer: one that is slow is asked less often.
    pub fn note_answer_time(&mut self, took: Duration) {
        let before = self.answer_time.unwrap_or(took);
        self.answer_time = Some(before.saturating_add(took).checked_div(2).unwrap_or(took));
    }

    /// Counts a request that was made beside the polls.
    pub fn count_request(&mut self) {
        self.sent = self.sent.saturating_add(1);
    }

    /// Waits until the next poll is due.
    pub async fn wait(&mut self) {
        self.wait_at_least(Duration::ZERO).await;
    }

    /// Waits until the next poll is due, but for no less than `least`.
    pub async fn wait_at_least(&mut self, least: Duration) {
        let delay = self.next(self.begun.elapsed()).max(least);
        tokio::time::sleep(delay).await;
        self.count_request();
    }

    /// The pause before the next poll, which what the server asked for makes longer once.
    fn next(&mut self, elapsed: Duration) -> Duration {
        self.retry_after.take().unwrap_or_default().max(self.delay(elapsed))
    }

    fn delay(&self, elapsed: Duration) -> Duration {
        let for_server = self.answer_time.unwrap_or_default().saturating_mul(2);
        let for_budget = match self.policy.has_budget {
            true => budget::earliest(self.sent).saturating_sub(elapsed),
            false => Duration::ZERO,
        };
        self.policy.delay(elapsed).max(for_server.min(SLOW_SERVER_PAUSE)).max(for_budget)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// The times of the polls of a statement of a minute and a half, of a server that answers so fast.
    fn polls(answer_time: Duration) -> Vec<Duration> {
        let (mut polls, mut elapsed, mut times) =
            (PollPolicy::STATEMENT.start(), Duration::ZERO, Vec::new());
        while elapsed < Duration::from_secs(90) {
            elapsed += polls.delay(elapsed);
            times.push(elapsed);
            polls.count_request();
            elapsed += answer_time;
            polls.note_answer_time(answer_time);
        }
        times
    }

    /// How much later than the end of something the next poll is, at the median of ends near `seconds`.
    fn median_delay(polls: &[Duration], seconds: f64) -> Duration {
        let delay = |n: u32| {
            let end = Duration::from_secs_f64(seconds * (0.85 + f64::from(n) / 667.0));
            let next = polls.iter().find(|&&poll| poll >= end).expect("there are polls until then");
            next.saturating_sub(end)
        };
        let mut delays: Vec<_> = (0..200).map(delay).collect();
        delays.sort();
        delays[100]
    }

    #[test]
    fn an_end_is_noticed_in_proportion_to_the_time_and_within_0_3_s_in_the_first_minute() {
        let polls = polls(5 * MS);
        for seconds in [0.02, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 54.0] {
            let limit = Duration::from_secs_f64(0.023 + 0.02 * seconds).min(300 * MS);
            let delay = median_delay(&polls, seconds);
            assert!(delay <= limit, "{seconds} s: {delay:?}");
        }
    }

    #[test]
    fn a_long_cell_costs_four_requests_a_second_for_half_a_minute_and_then_one() {
        let polls = polls(5 * MS);
        let until =
            |seconds| polls.iter().filter(|&&poll| poll <= Duration::from_secs(seconds)).count();
        assert!(until(1) <= 22 && until(5) <= 53, "{} and {}", until(1), until(5));
        assert!(until(30) <= 120, "{}", until(30));
        assert!(until(89) <= 190, "{}", until(89));
    }

    #[test]
    fn a_slow_server_is_asked_less_often() {
        let polls = polls(Duration::from_secs(1));
        let gaps = polls.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(gaps.min() >= Some(Duration::from_secs(3)), "{polls:?}");
    }

    #[test]
    fn a_server_that_asks_for_a_pause_has_it_once() {
        let mut polls = PollPolicy::STATEMENT.start();
        polls.set_retry_after(Some(Duration::from_secs(7)));
        let seven = Duration::from_secs(7);
        assert!((seven..=seven.mul_f64(1.25)).contains(&polls.next(Duration::ZERO)));
        assert!(polls.next(Duration::ZERO) < Duration::from_secs(1));
    }
}
