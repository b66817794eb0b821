//! The folder of this machine in which a variable's file is while it passes.

use std::{fs, path::Path, process};

use tempfile::TempDir;

use crate::{
    error::CellError,
    platform::{private_file, process_alive},
};

/// How the names of these folders begin; the number of the kernel's process follows.
const PREFIX: &str = "livy-kernel-value-";

/// Makes a folder that is closed to others, and removes those of kernels that were killed.
///
/// # Errors
///
/// This machine has no place for it.
pub fn make() -> Result<TempDir, CellError> {
    remove_leftovers(&std::env::temp_dir());
    private_file::temporary_folder(&format!("{PREFIX}{}-", process::id())).map_err(|error| {
        CellError::new(
            "TransferError",
            format!("this machine has no place for the variable's file: {error}"),
            "TMPDIR names another folder for such files.",
        )
    })
}

fn remove_leftovers(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_leftover =
            name.to_str().and_then(owner).is_some_and(|pid| !process_alive::is_alive(pid));
        if is_leftover && private_file::is_private_folder(&entry.path()) {
            // Another kernel may be removing it, too.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The process that has made the folder of this name.
fn owner(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_dead_kernel_has_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let mine = format!("{PREFIX}{}-x", process::id());
        // No system has processes of such numbers.
        let names = [mine.as_str(), "livy-kernel-value-4294967-x", "livy-kernel-value-", "other"];
        for name in names {
            private_file::create_folder(&folder.path().join(name)).unwrap();
        }
        remove_leftovers(folder.path());
        let there = names.map(|name| folder.path().join(name).exists());
        assert_eq!(there, [true, false, true, true]);
    }
}
