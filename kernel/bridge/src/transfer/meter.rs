//! Counts what a transfer has moved, and shows it in one display.

use std::{
    convert::Infallible,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    display::{
        panel::{Panel, Text},
        progress::with_bar,
    },
    output::bytes::bytes,
    records::{SessionRecords, TransferEnd, milliseconds},
    transfer::{error::TransferError, frame::Frame},
};

/// How long a transfer takes before it is shown.
const DELAY: Duration = Duration::from_millis(500);
/// The time between two updates.
const INTERVAL: Duration = Duration::from_millis(500);

/// The way of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the driver.
    Upload,
    /// To this machine.
    Download,
}

/// What a transfer has moved.
pub struct Meter {
    direction: Direction,
    /// What the user calls it.
    name: String,
    what: String,
    began: Instant,
    size: AtomicU64,
    done: AtomicU64,
    /// The part of it that was there before.
    before: AtomicU64,
}

impl Meter {
    /// Nothing so far of `what`, such as "Downloading data.csv", which the user calls `name`.
    pub fn new(direction: Direction, name: &str, what: String) -> Self {
        let (size, done, before) = Default::default();
        let (name, began) = (name.to_owned(), Instant::now());
        Self { direction, name, what, began, size, done, before }
    }

    /// Notes the size, and the frames that are still to go.
    pub(super) fn begin(&self, size: u64, missing: &[Frame]) {
        let missing = missing.iter().map(|frame| frame.length as u64).sum();
        let before = size.saturating_sub(missing);
        self.size.store(size, Ordering::Relaxed);
        self.done.store(before, Ordering::Relaxed);
        self.before.store(before, Ordering::Relaxed);
    }

    /// Notes that a frame has gone.
    pub(super) fn add(&self, frame: Frame) {
        self.done.fetch_add(frame.length as u64, Ordering::Relaxed);
    }

    /// Shows it in the panel while the transfer goes on, and then nothing, and records how it has ended; `None` if the
    /// user interrupts.
    pub async fn show_during<T>(
        &self,
        mut panel: Panel,
        interrupt: &CancellationToken,
        records: &SessionRecords,
        transfer: impl Future<Output = Result<T, TransferError>>,
    ) -> Option<Result<T, TransferError>> {
        let transferred = tokio::select! {
            biased;
            () = interrupt.cancelled() => None,
            transferred = transfer => Some(transferred),
            never = self.show_on(&mut panel) => match never {},
        };
        if panel.is_shown() {
            panel.show(Text::default()).await;
        }
        let state = match &transferred {
            Some(Ok(_)) => "ok",
            Some(Err(_)) => "error",
            None => "cancelled",
        };
        records.transfer(self.end(state));
        transferred
    }

    fn end(&self, state: &'static str) -> TransferEnd {
        let [done, before] = [&self.done, &self.before].map(|count| count.load(Ordering::Relaxed));
        TransferEnd {
            direction: match self.direction {
                Direction::Upload => "upload",
                Direction::Download => "download",
            },
            name: self.name.clone(),
            state,
            ms: milliseconds(self.began.elapsed()),
            bytes: done.saturating_sub(before),
        }
    }

    /// Shows it, until the future is dropped.
    async fn show_on(&self, panel: &mut Panel) -> Infallible {
        sleep(DELAY).await;
        loop {
            panel.show(self.text(self.began.elapsed())).await;
            sleep(INTERVAL).await;
        }
    }

    fn text(&self, elapsed: Duration) -> Text {
        let [size, done, before] =
            [&self.size, &self.done, &self.before].map(|count| count.load(Ordering::Relaxed));
        let speed = done.saturating_sub(before) as f64 / elapsed.as_secs_f64().max(0.001);
        let plain = format!(
            "{}: {} of {}, {} a second",
            self.what,
            bytes(done),
            bytes(size),
            bytes(speed as u64)
        );
        with_bar(done as f64 / size.max(1) as f64, &plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_what_has_gone_and_the_speed_of_this_time() {
        let meter = Meter::new(Direction::Upload, "a.csv", "Uploading a.csv".to_owned());
        meter.begin(10_000_000, &[Frame { offset: 4_000_000, length: 6_000_000 }]);
        meter.add(Frame { offset: 4_000_000, length: 3_000_000 });
        let text = meter.text(Duration::from_secs(2));
        assert_eq!(text.plain, "Uploading a.csv: 7.0 MB of 10.0 MB, 1.5 MB a second");
        assert!(text.html.contains("value=\"0.700\""), "{}", text.html);
    }
}
