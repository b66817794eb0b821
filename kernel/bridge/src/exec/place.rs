//! What a run of the same output file finds again, and what keeps two from writing it at once.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    platform::{private_file, state_files::StateFiles},
    terminal::error::CommandError,
};

/// The place of one run among all.
pub struct Place {
    /// Names the kernel to the session's agent, and the frontend to the kernel.
    pub name: String,
    output: Option<PathBuf>,
    _lock: Option<Lock>,
}

impl Place {
    /// The place of a run with this output file; without one, no other run finds it.
    ///
    /// # Errors
    ///
    /// Another run is writing the file.
    pub fn of(output: Option<&Path>) -> Result<Self, CommandError> {
        let Some(output) = output else {
            let name = Uuid::new_v4().simple().to_string();
            return Ok(Self { name, output: None, _lock: None });
        };
        let path = std::path::absolute(output)?;
        let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
        let lock = Lock::take(&StateFiles::apart_from(&path)?.path("lock"))
            .map_err(|error| not_locked(output, error))?;
        let name = hex::encode(&digest[..8]);
        Ok(Self { name, output: Some(path), _lock: lock })
    }

    /// Where the kernel keeps what the next run needs if this one is killed.
    ///
    /// # Errors
    ///
    /// No folder can be made.
    pub fn files(&self) -> io::Result<StateFiles> {
        match &self.output {
            Some(output) => StateFiles::apart_from(output),
            None => StateFiles::temporary("exec.json"),
        }
    }
}

fn not_locked(output: &Path, error: TryLockError) -> CommandError {
    match error {
        TryLockError::WouldBlock => CommandError::Other(format!(
            "{} is being written by another livy-kernel exec. Wait for its end, or choose another file.",
            output.display()
        )),
        TryLockError::Error(error) => CommandError::Output(error),
    }
}

/// A file that only one process has locked.
struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the lock; some network disks have none.
    fn take(path: &Path) -> Result<Option<Self>, TryLockError> {
        let opened = match private_file::open_again(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => private_file::create_new(path),
            opened => opened,
        };
        let file = opened.map_err(TryLockError::Error)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { path: path.to_owned(), _file: file })),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Err(error) = private_file::remove(&self.path) {
            tracing::debug!("{}: {error}", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_run_at_a_time_writes_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out.ipynb");
        let first = Place::of(Some(&output)).unwrap();
        let refused = Place::of(Some(&output)).err().unwrap().to_string();
        assert!(refused.contains("another livy-kernel exec"), "{refused}");
        Place::of(Some(&folder.path().join("other.ipynb"))).unwrap();
        let name = first.name.clone();
        drop(first);
        assert_eq!(Place::of(Some(&output)).unwrap().name, name);
    }
}
