//! Writes files into one compressed archive.

use std::{
    io,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use flate2::{Compression, write::GzEncoder};

use crate::platform::private_file;

/// The folder that the archive unpacks.
const FOLDER: &str = "livy-kernel-doctor";

/// Writes a `.tar.gz` that only this user may read.
///
/// # Errors
///
/// A file of this name is there, or the system's error.
pub fn write(path: &Path, files: &[(&str, String)]) -> io::Result<()> {
    let file = private_file::create_new(path)?;
    let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::default()));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(now.as_secs());
        archive.append_data(&mut header, format!("{FOLDER}/{name}"), text.as_bytes())?;
    }
    archive.into_inner()?.finish()?.sync_all()
}
