//! A file of the driver comes to this machine.

use std::path::Path;

use crate::{
    agent::{Agent, DriverFile},
    transfer::{
        differences::differences,
        error::TransferError,
        frame::{Frames, hash},
        local_file::LocalFile,
        meter::Meter,
    },
};

/// Copies a file of the driver to this path. Returns its size.
///
/// # Errors
///
/// It cannot be read there or written here, changes meanwhile, or the session is gone.
pub async fn download(
    agent: &Agent,
    from: &str,
    to: &Path,
    replaces: bool,
    meter: &Meter,
) -> Result<u64, TransferError> {
    if !replaces && to.symlink_metadata().is_ok() {
        return Err(TransferError::Exists(to.to_owned()));
    }
    let found = agent.look_at_file(from).await?;
    let part = LocalFile::begin(&to.with_file_name(part_name(&found, to)))?;
    let missing = differences(agent, &part, &found.path, found.size, part.size).await?;
    meter.begin(found.size, &missing);
    let downloading =
        Downloading { agent, found: &found, part: &part, meter, frames: Frames::new(missing) };
    tokio::try_join!(downloading.work(), downloading.work(), downloading.work())?;
    part.finish(found.size, to, replaces)?;
    Ok(found.size)
}

/// The name of the file until it is whole, which is the same for the same file alone.
fn part_name(found: &DriverFile, to: &Path) -> String {
    let what = format!("{}\0{}\0{}", found.path, found.stamp, to.display());
    format!(".livy-kernel-{}.part", &hash(what.as_bytes())[..32])
}

struct Downloading<'a> {
    agent: &'a Agent,
    found: &'a DriverFile,
    part: &'a LocalFile,
    meter: &'a Meter,
    frames: Frames,
}

impl Downloading<'_> {
    async fn work(&self) -> Result<(), TransferError> {
        while let Some(frame) = self.frames.next() {
            let read = self.agent.read_file(self.found, frame.offset, frame.length).await?;
            if read.bytes.len() != frame.length || hash(&read.bytes) != read.sha256 {
                return Err(TransferError::Damaged);
            }
            self.part.write(frame.offset, read.bytes).await?;
            self.meter.add(frame);
        }
        Ok(())
    }
}
