//! `%pip install --from-here`: packages for a driver that reaches no package index. pip of this machine downloads wheels
//! that fit the driver's Python, they are carried to the driver, and pip installs them there.

mod carry;
mod download;
mod error;
mod magic;
mod wheel;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub use magic::{FromHere, parse};

use crate::{
    agent::{Agent, DriverPython},
    display::sink::OutputSink,
    error::CellError,
    local_python::LocalPython,
    packages::{
        carry::carry,
        download::download,
        error::{failed, interrupted},
    },
    records::SessionRecords,
};

/// Downloads the packages and carries them to the driver. Returns the cell that installs them there.
///
/// # Errors
///
/// pip finds no fitting wheels, they cannot be carried, or the user interrupts.
pub async fn bring(
    request: &FromHere,
    agent: &Agent,
    local: &LocalPython,
    sink: &OutputSink,
    interrupt: &CancellationToken,
    records: &SessionRecords,
) -> Result<String, CellError> {
    let fetching = fetch(request, agent, local, sink);
    let fetched = interrupt.run_until_cancelled(fetching).await.ok_or_else(interrupted)?;
    let (driver, folder) = fetched?;
    let files = wheel::needed(folder.path(), request, &driver)?;
    carry(&files, agent, &driver, sink, interrupt, records).await?;
    Ok(request.cell_of_driver(&driver.wheels))
}

async fn fetch(
    request: &FromHere,
    agent: &Agent,
    local: &LocalPython,
    sink: &OutputSink,
) -> Result<(DriverPython, TempDir), CellError> {
    let python = local.python_with_pip().await?;
    let driver = agent.describe_python().await.map_err(|error| failed(&error))?;
    let folder = download(request, &driver, &python, sink).await?;
    Ok((driver, folder))
}
