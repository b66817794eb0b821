use std::time::{Duration, Instant};

use crate::retry_after::MAX_RETRY_AFTER;

/// How often to ask for something that ends by itself: after a tenth of the time that it has taken
/// so far, so that polling adds at most about 10 % to it, within limits that spare the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollPolicy {
    shortest: Duration,
    longest: Duration,
}

impl PollPolicy {
    /// Polls a statement every 10 ms to 1 s: the end of a short one is noticed at once, and a long one
    /// costs one request a second.
    pub const STATEMENT: Self = Self::new(Duration::from_millis(10), Duration::from_secs(1));
    /// Polls a session every 100 ms to 1 s while it starts, which takes seconds to minutes.
    pub const SESSION: Self = Self::new(Duration::from_millis(100), Duration::from_secs(1));

    /// Makes a policy with other limits.
    pub const fn new(shortest: Duration, longest: Duration) -> Self {
        Self { shortest, longest }
    }

    /// Begins to poll one thing.
    pub fn start(self) -> Polls {
        Polls { policy: self, begun: Instant::now(), retry_after: None }
    }

    fn delay(self, elapsed: Duration) -> Duration {
        elapsed.checked_div(10).unwrap_or_default().clamp(self.shortest, self.longest)
    }
}

/// The polls of one thing, from [`PollPolicy::start`].
#[derive(Debug)]
pub struct Polls {
    policy: PollPolicy,
    begun: Instant,
    retry_after: Option<Duration>,
}

impl Polls {
    /// Makes the next wait as long as the server's `Retry-After` header asked for, but no longer than
    /// [`MAX_RETRY_AFTER`].
    pub fn set_retry_after(&mut self, retry_after: Option<Duration>) {
        self.retry_after = retry_after.map(|wait| wait.min(MAX_RETRY_AFTER));
    }

    /// Waits until the next poll is due.
    pub async fn wait(&mut self) {
        self.wait_at_least(Duration::ZERO).await;
    }

    /// Waits until the next poll is due, but for no less than `least`.
    pub async fn wait_at_least(&mut self, least: Duration) {
        let delay = self.policy.delay(self.begun.elapsed()).max(least);
        tokio::time::sleep(self.retry_after.take().unwrap_or_default().max(delay)).await;
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
