//! How many requests something that takes its time may cost. Pure.

use std::time::Duration;

/// Requests that may be made early in the first seconds, where they shorten the wait most.
const EARLY: u32 = 32;
/// Until [`BUSY_TIME`], there may be four requests a second on average.
const PER_REQUEST: Duration = Duration::from_millis(250);
/// After it, one request a second.
const BUSY_TIME: Duration = Duration::from_secs(30);
/// Requests until [`BUSY_TIME`].
const UNTIL_BUSY_TIME: u32 = 120;
/// Requests that may be made at once then. With those that are left, the first minute is without a long pause.
const AFTER_BUSY_TIME: u32 = 10;

/// When, counted from the beginning, the request after `sent` others may be made.
pub(crate) fn earliest(sent: u32) -> Duration {
    let Some(late) = sent.checked_sub(UNTIL_BUSY_TIME) else {
        return PER_REQUEST.saturating_mul(sent.saturating_sub(EARLY));
    };
    BUSY_TIME.saturating_add(Duration::from_secs(late.saturating_sub(AFTER_BUSY_TIME).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many requests of one that makes them as early as it may are made by then.
    fn made_by(seconds: u64) -> usize {
        (0..500).take_while(|&sent| earliest(sent) <= Duration::from_secs(seconds)).count()
    }

    #[test]
    fn half_a_minute_costs_four_requests_a_second_and_what_follows_one() {
        assert_eq!([made_by(29), made_by(30), made_by(31), made_by(90)], [120, 131, 132, 191]);
    }

    #[test]
    fn short_ones_may_use_more_at_once() {
        assert_eq!([made_by(0), made_by(1), made_by(10)], [33, 37, 73]);
    }
}
