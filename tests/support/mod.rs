//! What the tests are written with: a frontend, the kernel's process, a Livy for it, and a network
//! between the two that can fail.

#![allow(dead_code, unused_imports, reason = "two test programs have this, and each uses a part")]

mod exchange;
mod frontend;
mod kernel;
mod livy;
mod message;
mod ports;
mod proxy;

use std::{panic::Location, time::Duration};

pub use exchange::{Done, Exchange};
pub use frontend::Frontend;
pub use kernel::{Connection, Kernel};
pub use livy::{Livy, SECRET, named};
pub use message::{Channel, Message, Wire};
pub use proxy::{Answer, Asked, Fault, Network, Proxy};

/// How long anything is awaited: far longer than it takes, so that only what never comes fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Awaits something, or fails in the name of the line that awaits it.
pub async fn within<T>(
    limit: Duration,
    at: &Location<'_>,
    what: &str,
    future: impl Future<Output = T>,
) -> T {
    match tokio::time::timeout(limit, future).await {
        Ok(value) => value,
        Err(_) => panic!("{at}: {what} did not come within {limit:?}"),
    }
}
