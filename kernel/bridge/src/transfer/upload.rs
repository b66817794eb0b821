//! A file of this machine goes to the driver.

use std::{path::Path, time::UNIX_EPOCH};

use crate::{
    agent::{Agent, BegunFile},
    transfer::{
        differences::differences,
        error::TransferError,
        frame::{Frames, hash},
        local_file::{LocalFile, failed, unfit},
        meter::Meter,
    },
};

/// Copies a file to this path or into this folder of the driver. Returns its path there, and its size.
///
/// # Errors
///
/// It cannot be read here or written there, changes meanwhile, or the session is gone.
pub async fn upload(
    agent: &Agent,
    from: &Path,
    to: &str,
    replaces: bool,
    meter: &Meter,
) -> Result<(String, u64), TransferError> {
    let name = from.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| unfit(from, "has no name that the driver could give it"))?;
    let (file, found) = LocalFile::open(from)?;
    let changed = found.modified().map_err(failed(from))?;
    let changed = changed.duration_since(UNIX_EPOCH).unwrap_or_default();
    let tag = hash(format!("{}\0{}\0{}", from.display(), file.size, changed.as_nanos()).as_bytes());
    let begun = agent.begin_file(to, name, &tag, replaces).await?;
    let missing = differences(agent, &file, &begun.part, file.size, begun.size).await?;
    meter.begin(file.size, &missing);
    let uploading =
        Uploading { agent, file: &file, begun: &begun, meter, frames: Frames::new(missing) };
    tokio::try_join!(uploading.work(), uploading.work(), uploading.work())?;
    agent.finish_file(&begun, file.size, replaces).await?;
    Ok((begun.path, file.size))
}

struct Uploading<'a> {
    agent: &'a Agent,
    file: &'a LocalFile,
    begun: &'a BegunFile,
    meter: &'a Meter,
    frames: Frames,
}

impl Uploading<'_> {
    async fn work(&self) -> Result<(), TransferError> {
        while let Some(frame) = self.frames.next() {
            let bytes = self.file.read(frame).await?;
            let hash = hash(&bytes);
            self.agent.write_file(self.begun, frame.offset, &bytes, &hash).await?;
            self.meter.add(frame);
        }
        Ok(())
    }
}
