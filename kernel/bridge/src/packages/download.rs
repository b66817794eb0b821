//! Downloads wheels that fit the driver's Python.

use std::{io, path::Path, process::Stdio};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{
    agent::DriverPython,
    display::sink::OutputSink,
    error::CellError,
    output::CellOutput,
    packages::{
        error::failed,
        magic::{FromHere, list_name},
    },
    platform::private_file,
};

const PIP: &str = include_str!("pip.py");

/// Has pip of this Python download the packages and what they need, and shows what it says.
///
/// # Errors
///
/// pip fails, most often because no wheel fits.
pub async fn download(
    request: &FromHere,
    driver: &DriverPython,
    python: &Path,
    sink: &OutputSink,
) -> Result<TempDir, CellError> {
    let failed = |error: io::Error| failed(&error);
    let folder = private_file::temporary_folder("livy-kernel-wheels-").map_err(failed)?;
    let mut command = Command::new(python);
    command
        .args(["-c", PIP, &serde_json::json!(driver.markers).to_string()])
        .args(words(request, driver, folder.path()))
        .env("PIP_NO_INPUT", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    // An interrupt from a terminal is meant for the cell, and comes as a message.
    #[cfg(unix)]
    command.process_group(0);
    let mut pip = command.spawn().map_err(failed)?;
    let printed = follow(&mut pip, sink).await;
    if !pip.wait().await.map_err(failed)?.success() {
        return Err(explained(&printed, driver));
    }
    for (list, number) in request.requirements.iter().zip(0..) {
        std::fs::copy(list, folder.path().join(list_name(number))).map_err(failed)?;
    }
    Ok(folder)
}

fn words(request: &FromHere, driver: &DriverPython, folder: &Path) -> Vec<String> {
    let mut words: Vec<String> =
        ["download", "--disable-pip-version-check", "--progress-bar", "off"]
            .into_iter()
            .chain(["--only-binary", ":all:", "--implementation", "cp"])
            .chain(["--python-version", &driver.version, "--abi", &driver.abi])
            .map(str::to_owned)
            .collect();
    words.extend(["--dest".to_owned(), folder.display().to_string()]);
    for platform in &driver.platforms {
        words.extend(["--platform".to_owned(), platform.clone()]);
    }
    words.extend(request.words_for_download());
    if !driver.has_pip {
        words.push("pip".to_owned());
    }
    words
}

/// Shows what pip prints, without our folder.
async fn follow(pip: &mut Child, sink: &OutputSink) -> String {
    let mut printed = String::new();
    let Some(stdout) = pip.stdout.take() else { return printed };
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.starts_with("Saved ") {
            continue;
        }
        let line = line + "\n";
        printed.push_str(&line);
        sink.show(vec![CellOutput::Stream(line)]).await;
    }
    printed
}

fn explained(printed: &str, driver: &DriverPython) -> CellError {
    match printed.contains("No matching distribution") || printed.contains("ResolutionImpossible") {
        true => CellError::new(
            "PipError",
            format!("pip on this machine found no wheel that fits the driver ({})", driver.words),
            "Another version may have one; pip's words are above.",
        ),
        false => CellError::new(
            "PipError",
            "pip on this machine has failed; its words are above",
            "Mend that, then run the cell again.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn driver() -> DriverPython {
        let driver = serde_json::json!({
            "version": "3.9", "abi": "cp39", "platforms": ["manylinux2014_x86_64", "linux_x86_64"], "markers": {},
            "words": "Python 3.9, linux-x86_64, glibc 2.17", "has_pip": false, "wheels": "/w", "packages": {},
        });
        serde_json::from_value(driver).unwrap()
    }

    #[test]
    fn pip_looks_for_the_drivers_python_and_for_a_pip_that_it_lacks() {
        let words = words(&FromHere::default(), &driver(), Path::new("/here")).join(" ");
        assert!(words.contains("--python-version 3.9 --abi cp39 --dest /here"), "{words}");
        assert!(
            words.contains("--platform manylinux2014_x86_64 --platform linux_x86_64"),
            "{words}"
        );
        assert!(words.ends_with(" pip"), "{words}");
    }

    #[test]
    fn a_wheel_that_does_not_fit_is_told_from_other_faults() {
        let native = explained("ERROR: No matching distribution found for x\n", &driver());
        assert!(native.evalue.ends_with("(Python 3.9, linux-x86_64, glibc 2.17)"), "{native:?}");
        assert!(explained("ERROR: disk full\n", &driver()).evalue.contains("words are above"));
    }
}
