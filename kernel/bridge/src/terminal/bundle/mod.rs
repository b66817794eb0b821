//! `doctor --bundle`: one archive for whoever helps, without secrets.

mod archive;
mod redactor;
mod summary;

use std::path::Path;

use serde_json::json;

use crate::{
    platform::log_file,
    settings::Settings,
    terminal::{
        bundle::{redactor::Redactor, summary::summary},
        doctor::report::Report,
        error::CommandError,
    },
    visible::visible,
};

/// The newest bytes of the log that the archive has.
const LOG_BYTES: usize = 512 << 10;

/// Writes the archive. It has this user's rights alone, and nothing is replaced.
///
/// # Errors
///
/// The file is there already, or cannot be written.
pub fn write(path: &Path, settings: &Settings, report: &Report) -> Result<(), CommandError> {
    let log = log_file::kept();
    let newest = &log[log.len().saturating_sub(LOG_BYTES)..];
    let environment: Vec<_> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let files = files(settings, report, &environment, &String::from_utf8_lossy(newest));
    archive::write(path, &files)
        .map_err(|error| CommandError::Other(format!("{}: {error}", path.display())))
}

/// The files of the archive: their names and texts.
fn files(
    settings: &Settings,
    report: &Report,
    environment: &[(String, String)],
    log: &str,
) -> [(&'static str, String); 5] {
    let redactor = Redactor::of(settings, environment);
    let json = |value| format!("{:#}\n", redactor.value(value));
    [
        ("report.txt", redactor.text(&report.text())),
        ("report.json", json(report.document())),
        ("settings.json", json(summary(settings, environment))),
        ("versions.json", json(versions())),
        ("kernels.log", visible(&redactor.text(log))),
    ]
}

fn versions() -> serde_json::Value {
    #[cfg(unix)]
    let system = {
        let name = rustix::system::uname();
        [name.sysname(), name.release(), name.version()]
            .map(|part| part.to_string_lossy().into_owned())
    };
    #[cfg(not(unix))]
    let system = [std::env::consts::OS];
    json!({
        "livy-kernel": env!("CARGO_PKG_VERSION"),
        "system": system,
        "architecture": std::env::consts::ARCH,
    })
}

#[cfg(test)]
mod tests;
