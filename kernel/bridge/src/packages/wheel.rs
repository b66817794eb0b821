//! Which of the downloaded wheels the driver needs.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    agent::DriverPython,
    error::CellError,
    packages::{error::failed, magic::FromHere},
};

/// Returns the files of the folder without wheels of what the driver has in the same version.
///
/// # Errors
///
/// The folder cannot be read.
pub fn needed(
    folder: &Path,
    request: &FromHere,
    driver: &DriverPython,
) -> Result<Vec<PathBuf>, CellError> {
    let entries = folder.read_dir().map_err(|error| failed(&error))?;
    let files: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut files = files.map_err(|error| failed(&error))?;
    files.retain(|file| request.force_reinstall || !is_there(file, driver));
    files.sort();
    Ok(files)
}

/// Whether the driver has what the
/// [wheel's name](https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-name-convention)
/// says.
fn is_there(file: &Path, driver: &DriverPython) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mut parts = name.split('-');
    let (Some(package), Some(version)) = (parts.next(), parts.next()) else { return false };
    driver.packages.iter().any(|(known, known_version)| {
        normalized(known) == normalized(package) && known_version == version
    })
}

/// A package's [normalized name](https://packaging.python.org/en/latest/specifications/name-normalization/).
fn normalized(name: &str) -> String {
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_is_needed_unless_its_version_is_there() {
        let driver = serde_json::json!({
            "version": "3.11", "abi": "cp311", "platforms": [], "markers": {}, "words": "", "has_pip": true,
            "wheels": "", "packages": {"Ruamel.Yaml": "1.0", "numpy": "2.0"},
        });
        let driver: DriverPython = serde_json::from_value(driver).unwrap();
        let is_there = |name| is_there(Path::new(name), &driver);
        assert!(is_there("ruamel_yaml-1.0-py3-none-any.whl"));
        for needed in
            ["numpy-2.1-cp311-cp311-linux_x86_64.whl", "a-1.0-py3-none-any.whl", "list.txt"]
        {
            assert!(!is_there(needed), "{needed}");
        }
    }
}
