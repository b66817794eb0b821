//! `metrics`: prints what kernels have counted.

use std::path::PathBuf;

use crate::{
    records::{self, Counters},
    settings::Settings,
    terminal::{error::CommandError, streams::print},
};

/// Prints the sum of these files, or this user's own counts.
///
/// # Errors
///
/// A file that was named is not there, or one cannot be read.
pub fn metrics(settings: &Settings, files: Vec<PathBuf>) -> Result<(), CommandError> {
    let mut all = Counters::default();
    for path in &files {
        path.metadata().map_err(|error| failed(path, &error))?;
    }
    let paths = match files.is_empty() {
        true => settings.metrics_file().into_iter().collect(),
        false => files,
    };
    for path in &paths {
        all.merge(&records::read(path).map_err(|error| failed(path, &error))?);
    }
    Ok(print(all.text().trim_end())?)
}

fn failed(path: &std::path::Path, error: &std::io::Error) -> CommandError {
    CommandError::Other(format!("{}: {error}", path.display()))
}
