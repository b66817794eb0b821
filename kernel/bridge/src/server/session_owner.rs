//! Which kernel owns a session whose name has the process id of an earlier kernel: a file for each such
//! session, beside the history.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::platform::{jupyter_paths, private_file, process_alive::is_alive};

/// Marks this process as the owner of a session that another kernel has named, until it is dropped.
#[derive(Debug)]
pub struct SessionOwner(PathBuf);

impl SessionOwner {
    /// Marks this process as the owner of the session with this name.
    ///
    /// # Errors
    ///
    /// Those of the system, such as a folder that cannot be written.
    pub fn of(name: &str) -> io::Result<Self> {
        Self::within(&folder()?, name)
    }

    fn within(folder: &Path, name: &str) -> io::Result<Self> {
        private_file::create_folder(folder)?;
        let path = folder.join(name);
        private_file::write_json(&path, &std::process::id())?;
        Ok(Self(path))
    }

    /// The file that is the mark.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for SessionOwner {
    fn drop(&mut self) {
        // Another kernel may own a session of this name by now.
        let is_here = private_file::read_json(&self.0) == Some(std::process::id());
        if is_here && let Err(error) = private_file::remove(&self.0) {
            tracing::debug!("{}: {error}", self.0.display());
        }
    }
}

/// Whether a kernel that still runs owns the session with this name.
pub fn has_owner(name: &str) -> bool {
    folder().is_ok_and(|folder| has_owner_within(&folder, name))
}

fn has_owner_within(folder: &Path, name: &str) -> bool {
    private_file::read_json(&folder.join(name)).is_some_and(is_alive)
}

/// Gives a mark the present time, if it is still there.
///
/// # Errors
///
/// Those of the system.
pub fn renew(mark: &Path) -> io::Result<()> {
    File::options().write(true).open(mark)?.set_modified(SystemTime::now())
}

/// How long ago a kernel has last shown that it owns the session with this name; none if no kernel did,
/// or if it has given the session up.
pub fn age(name: &str) -> Option<Duration> {
    let written = folder().ok()?.join(name).metadata().ok()?.modified().ok()?;
    Some(written.elapsed().unwrap_or_default())
}

fn folder() -> io::Result<PathBuf> {
    jupyter_paths::kernels_folder("sessions").map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_owner_until_its_kernel_drops_it() {
        let folder = tempfile::tempdir().unwrap();
        let owner = SessionOwner::within(folder.path(), "name").unwrap();
        assert!(has_owner_within(folder.path(), "name"));
        drop(owner);
        assert!(!has_owner_within(folder.path(), "name"));
    }

    #[cfg(unix)]
    #[test]
    fn a_kernel_that_is_gone_owns_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        for text in [child.id().to_string(), "nonsense".to_owned(), String::new()] {
            std::fs::write(folder.path().join("name"), text).unwrap();
            assert!(!has_owner_within(folder.path(), "name"));
        }
    }
}
