//! Compares a file here with what is there of it on the driver, or the other way round, to send only the rest.

use crate::{
    agent::Agent,
    transfer::{
        error::TransferError,
        frame::{FRAME_BYTES, Frame, frames},
        local_file::LocalFile,
    },
};

/// Frames that one request compares: the driver reads 100 MB in less time than a request may take.
const FRAMES_AT_ONCE: usize = 32;

/// Returns the frames of a file of this size in which both differ, of which one has only so many bytes yet.
///
/// # Errors
///
/// One of the files cannot be read.
pub async fn differences(
    agent: &Agent,
    here: &LocalFile,
    there: &str,
    size: u64,
    present: u64,
) -> Result<Vec<Frame>, TransferError> {
    let (whole, mut missing): (Vec<Frame>, Vec<Frame>) =
        frames(size).partition(|frame| frame.end() <= present);
    for some in whole.chunks(FRAMES_AT_ONCE) {
        let Some(first) = some.first() else { continue };
        let hashes = agent.hash_file(there, first.offset, FRAME_BYTES, some.len()).await?;
        for (index, frame) in some.iter().enumerate() {
            // The last frame may be shorter than what is there.
            let known = hashes.get(index);
            if known != Some(&here.hash(*frame).await?) {
                missing.push(*frame);
            }
        }
    }
    Ok(missing)
}
