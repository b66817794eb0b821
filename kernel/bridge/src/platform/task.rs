//! Starts tasks so that a panic in one is never lost: the caller that awaits it gets an error, or a handler
//! runs. Code elsewhere must not use `tokio::spawn`, whose panics nobody sees.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use tokio::task::JoinHandle;

use crate::error::CellError;

/// The error for a panic in the kernel's own code. It says what the kernel was doing, as in "it ran a cell".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the kernel itself failed while {0}")]
pub struct Panicked(&'static str);

impl From<Panicked> for CellError {
    fn from(panicked: Panicked) -> Self {
        Self::new("KernelError", panicked.to_string(), "Please report it with the kernel's log.")
    }
}

/// Awaits work, and turns a panic in it into an error.
pub async fn catch_panic<T>(
    doing: &'static str,
    work: impl Future<Output = T>,
) -> Result<T, Panicked> {
    let mut work = pin!(work);
    poll_fn(|context| {
        // Unwind safety: what the work left half done is behind locks, which recover from a panic.
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(polled) => polled.map(Ok),
            Err(_) => Poll::Ready(Err(panicked(doing))),
        }
    })
    .await
}

/// Starts work that nobody awaits, and calls a handler if it panics.
#[allow(clippy::disallowed_methods, reason = "callers use this instead")]
pub fn spawn(
    doing: &'static str,
    work: impl Future<Output = ()> + Send + 'static,
    on_panic: impl FnOnce(Panicked) + Send + 'static,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(panicked) = catch_panic(doing, work).await {
            on_panic(panicked);
        }
    })
}

/// Starts work that nobody awaits. A panic in it is logged and changes nothing else.
pub fn spawn_detached(doing: &'static str, work: impl Future<Output = ()> + Send + 'static) {
    drop(spawn(doing, work, |_| ()));
}

/// Awaits work that continues even if this future is dropped.
#[allow(clippy::disallowed_methods, reason = "callers use this instead")]
pub async fn run_detached<T: Send + 'static>(
    doing: &'static str,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Panicked> {
    // Only the end of the process cancels it.
    tokio::spawn(catch_panic(doing, work)).await.unwrap_or(Err(Panicked(doing)))
}

/// Awaits blocking work, which runs on a thread of its own.
#[allow(clippy::disallowed_methods, reason = "callers use this instead")]
pub async fn run_blocking<T: Send + 'static>(
    doing: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Panicked> {
    tokio::task::spawn_blocking(work).await.map_err(|_| panicked(doing))
}

/// Logs a panic; its own message is already on stderr.
fn panicked(doing: &'static str) -> Panicked {
    let panicked = Panicked(doing);
    tracing::error!("{panicked}");
    panicked
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    const DOING: &str = "it was tested";

    async fn panics() {
        tokio::task::yield_now().await;
        panic!("a test of panics");
    }

    #[tokio::test]
    async fn a_panic_is_an_error_however_the_work_was_started() {
        assert_eq!(catch_panic(DOING, panics()).await, Err(Panicked(DOING)));
        assert_eq!(run_detached(DOING, panics()).await, Err(Panicked(DOING)));
        assert_eq!(
            run_blocking(DOING, || panic!("a test of panics")).await,
            Err::<(), _>(Panicked(DOING))
        );
        let (sender, receiver) = oneshot::channel();
        drop(spawn(DOING, panics(), |panicked| sender.send(panicked).unwrap()));
        assert_eq!(receiver.await, Ok(Panicked(DOING)));
        let failure = CellError::from(Panicked(DOING));
        assert_eq!(failure.ename, "KernelError");
        assert_eq!(failure.evalue, "the kernel itself failed while it was tested");
    }

    #[tokio::test]
    async fn work_that_succeeds_returns_its_value() {
        assert_eq!(catch_panic(DOING, async { 5 }).await, Ok(5));
        assert_eq!(run_detached(DOING, async { 5 }).await, Ok(5));
        assert_eq!(run_blocking(DOING, || 5).await, Ok(5));
    }

    #[tokio::test]
    async fn detached_work_ends_though_its_future_was_dropped() {
        let (begin, begun) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel();
        let waiting = run_detached(DOING, async {
            begun.await.unwrap();
            end.send(()).unwrap();
        });
        let nobody = std::time::Duration::from_millis(10);
        tokio::time::timeout(nobody, waiting).await.unwrap_err();
        begin.send(()).unwrap();
        ended.await.unwrap();
    }
}
