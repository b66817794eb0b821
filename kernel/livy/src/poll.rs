use std::time::{Duration, Instant};

/// How often to ask for something that ends by itself: after a tenth of the time it has taken so
/// far, so that polling adds at most about 10 % to it, within bounds that spare the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollPolicy {
    shortest: Duration,
    longest: Duration,
}

impl PollPolicy {
    /// For a statement: a short one is noticed at once, a long one costs one request a second.
    pub const STATEMENT: Self = Self::new(Duration::from_millis(10), Duration::from_secs(1));
    /// For the start of a session, which takes seconds to minutes.
    pub const SESSION: Self = Self::new(Duration::from_millis(100), Duration::from_secs(1));

    /// A policy of its own bounds.
    pub const fn new(shortest: Duration, longest: Duration) -> Self {
        Self { shortest, longest }
    }

    /// Begins to wait for one thing.
    pub fn start(self) -> Polls {
        Polls { policy: self, begun: Instant::now(), retry_after: None }
    }

    fn delay(self, elapsed: Duration) -> Duration {
        (elapsed / 10).clamp(self.shortest, self.longest)
    }
}

/// The polls for one thing, from [`PollPolicy::start`].
#[derive(Debug)]
pub struct Polls {
    policy: PollPolicy,
    begun: Instant,
    retry_after: Option<Duration>,
}

impl Polls {
    /// Obeys a server that said, in a `Retry-After` header, how long to leave it alone.
    pub fn obey(&mut self, retry_after: Option<Duration>) {
        self.retry_after = retry_after;
    }

    /// Waits until it is time to ask again.
    pub async fn wait(&mut self) {
        let delay = self.policy.delay(self.begun.elapsed());
        tokio::time::sleep(self.retry_after.take().map_or(delay, |wish| wish.max(delay))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_add_a_tenth_within_bounds() {
        let delay = |ms| PollPolicy::STATEMENT.delay(Duration::from_millis(ms)).as_millis();
        assert_eq!(
            [delay(0), delay(50), delay(300), delay(5_000), delay(60_000)],
            [10, 10, 30, 500, 1000]
        );
    }

    #[test]
    fn a_cell_of_a_minute_costs_few_requests() {
        let mut elapsed = Duration::ZERO;
        let mut count = 0;
        while elapsed < Duration::from_secs(60) {
            elapsed += PollPolicy::STATEMENT.delay(elapsed);
            count += 1;
        }
        assert!(count <= 110, "{count} requests");
    }
}
