//! What a kernel uses of memory and processors: that of the session's driver, which runs the cells.

use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::{platform::host_usage, session::Manager};

/// jupyter-resource-usage gives up after ten seconds.
const MEASUREMENT_LIMIT: Duration = Duration::from_secs(4);

/// Measures the session's driver, also while a cell runs. Without an agent there, returns what is known
/// of this process and its machine. Starts no session.
pub async fn measure(sessions: &Manager) -> Map<String, Value> {
    match timeout(MEASUREMENT_LIMIT, of_driver(sessions)).await {
        Ok(Some(usage)) => usage,
        Ok(None) | Err(_) => host_usage::measure(),
    }
}

async fn of_driver(sessions: &Manager) -> Option<Map<String, Value>> {
    let agent = sessions.ready_session()?.agent().await?;
    let measured = agent.usage().await;
    measured.inspect_err(|error| tracing::debug!("the driver's usage is not known: {error}")).ok()
}
