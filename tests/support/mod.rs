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

/// Starts a Livy, and a PySpark kernel that has run a cell in its session there.
pub async fn ready() -> (Livy, Frontend) {
    let livy = Livy::start().await;
    let frontend = Frontend::ready("pyspark", &livy.url()).await;
    (livy, frontend)
}

/// Starts a Livy whose sessions take this long to start, and a kernel whose first cell waits for one.
pub async fn starting(start: Duration) -> (Livy, Frontend, Exchange) {
    let livy = Livy::slow(start).await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;
    let mut cell = frontend.execute("echo hi").await;
    cell.recv_session_start().await;
    (livy, frontend, cell)
}

/// Starts a kernel whose first cell waits for a Livy that does not answer.
pub async fn waiting_for_hung_livy() -> (Livy, Proxy, Frontend, Exchange) {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Hangs).await;
    let mut frontend = Frontend::open("pyspark", &network.url()).await;
    let mut cell = frontend.execute("echo hi").await;
    cell.recv_busy().await;
    cell.recv_input("echo hi", 1).await;
    cell.recv("display_data").await;
    (livy, network, frontend, cell)
}

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
