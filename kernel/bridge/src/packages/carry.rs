//! Carries the wheels to the driver.

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use crate::{
    agent::{Agent, DriverPython},
    display::sink::OutputSink,
    error::CellError,
    packages::error::{failed, interrupted},
    records::SessionRecords,
    transfer::{self, Direction, Meter},
};

/// Copies each file into the driver's folder of wheels, and shows how far it is.
pub async fn carry(
    files: &[PathBuf],
    agent: &Agent,
    driver: &DriverPython,
    sink: &OutputSink,
    interrupt: &CancellationToken,
    records: &SessionRecords,
) -> Result<(), CellError> {
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let meter = Meter::new(Direction::Upload, &name, format!("Sending {name}"));
        let carrying = transfer::upload(agent, file, &driver.wheels, true, &meter);
        let carried = meter.show_during(sink.panel(), interrupt, records, carrying).await;
        carried.ok_or_else(interrupted)?.map_err(|error| failed(&error))?;
    }
    Ok(())
}
