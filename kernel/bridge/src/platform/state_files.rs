//! Chooses where a kernel keeps files for the kernel that Jupyter starts in its place: beside the
//! connection file, or, if other users may enter that folder, in a private folder under a hash of the
//! connection file's path. A bare `KernelManager`, nbclient and papermill put the connection file into
//! the system's temporary folder, where every user of the machine may put files.

use std::{
    io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::platform::{jupyter_paths, private_file};

/// The location of one kernel's files.
#[derive(Debug)]
pub struct StateFiles {
    path: PathBuf,
    /// Holds the folder of last resort, which no later kernel finds, until this is dropped.
    _temporary: Option<TempDir>,
}

impl StateFiles {
    /// Finds the location. If no folder can be made that the next kernel finds, a crash of this one
    /// would lose the session, which is logged.
    ///
    /// # Errors
    ///
    /// Fails if not even a temporary folder can be made.
    pub fn for_connection_file(connection_file: &Path) -> io::Result<Self> {
        let path = std::path::absolute(connection_file)?;
        if path.parent().is_some_and(private_file::is_private_folder) {
            return Ok(Self { path, _temporary: None });
        }
        Self::apart_from(&path)
    }

    /// Finds a location in a private folder, for what runs again with the same file. It says like
    /// [`for_connection_file`](Self::for_connection_file) if there is none.
    ///
    /// # Errors
    ///
    /// Fails if not even a temporary folder can be made.
    pub fn apart_from(path: &Path) -> io::Result<Self> {
        let name = hashed_name(&std::path::absolute(path)?);
        match private_folder(runtime_folders()) {
            Ok(folder) => Ok(Self { path: folder.join(name), _temporary: None }),
            Err(error) => {
                tracing::warn!(
                    "a crash of the kernel would lose the session, because it has no private folder for its \
                     files ({error}); set JUPYTER_RUNTIME_DIR to a folder of yours"
                );
                Self::temporary(&name)
            }
        }
    }

    /// Makes a location that no other kernel finds, until this is dropped.
    ///
    /// # Errors
    ///
    /// Fails if no temporary folder can be made.
    pub fn temporary(name: &str) -> io::Result<Self> {
        let folder = private_file::temporary_folder("livy-kernel-state-")?;
        Ok(Self { path: folder.path().join(name), _temporary: Some(folder) })
    }

    /// Returns the path of the file with this extension.
    pub fn path(&self, extension: &str) -> PathBuf {
        self.path.with_extension(extension)
    }
}

/// Returns the first of these folders that can be made private, or the last one's error.
fn private_folder(candidates: impl IntoIterator<Item = PathBuf>) -> io::Result<PathBuf> {
    let mut refused = io::Error::new(io::ErrorKind::NotFound, "there is no home folder");
    for folder in candidates {
        match private_file::create_folder(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) => {
                refused = io::Error::new(error.kind(), format!("{}: {error}", folder.display()));
            }
        }
    }
    Err(refused)
}

/// Lists the kernel's folders in Jupyter's and in the system's runtime folder.
fn runtime_folders() -> impl Iterator<Item = PathBuf> {
    let folders =
        [jupyter_paths::runtime_folder(), jupyter_paths::folder_from_env("XDG_RUNTIME_DIR")];
    folders.into_iter().flatten().map(|folder| folder.join("livy-kernel"))
}

fn hashed_name(connection_file: &Path) -> String {
    let digest = Sha256::digest(connection_file.as_os_str().as_encoded_bytes());
    format!("{}.json", hex::encode(&digest[..16]))
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn folder_of_mode(mode: u32) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        folder
    }

    #[test]
    fn files_are_beside_the_connection_file_in_a_private_folder() {
        let folder = folder_of_mode(0o700);
        let file = folder.path().join("kernel-1.json");
        let files = StateFiles::for_connection_file(&file).unwrap();
        assert_eq!(files.path("livy"), folder.path().join("kernel-1.livy"));
    }

    #[test]
    fn files_are_elsewhere_if_others_may_enter_the_folder() {
        for mode in [0o755, 0o770, 0o1777] {
            let folder = folder_of_mode(mode);
            let of = |name| {
                StateFiles::for_connection_file(&folder.path().join(name)).unwrap().path("livy")
            };
            let found = of("kernel-1.json");
            assert!(!found.starts_with(folder.path()), "{}", found.display());
            assert_eq!(found, of("kernel-1.json"));
            assert_ne!(found, of("kernel-2.json"));
        }
    }

    #[test]
    fn the_first_folder_that_can_be_private_is_taken() {
        let folder = folder_of_mode(0o755);
        let (link, good) = (folder.path().join("link"), folder.path().join("new"));
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        assert_eq!(private_folder([link.clone(), good.clone()]).unwrap(), good);
        let error = private_folder([link.clone()]).unwrap_err();
        assert!(error.to_string().starts_with(&link.display().to_string()), "{error}");
        private_folder([]).unwrap_err();
    }

    #[test]
    fn the_last_resort_is_private_and_is_gone_with_the_kernel() {
        let files = StateFiles::temporary("kernel-1.json").unwrap();
        let folder = files.path("livy").parent().unwrap().to_owned();
        assert!(private_file::is_private_folder(&folder));
        drop(files);
        assert!(!folder.exists());
    }
}
