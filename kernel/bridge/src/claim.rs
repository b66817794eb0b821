//! Sessions whose name has the number of an earlier kernel's process: which kernel has them now. A
//! file for each, beside the history.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{kernelspec, origin, private};

/// This kernel's hold on a session that another had named, until it is dropped.
#[derive(Debug)]
pub struct Claim(PathBuf);

impl Claim {
    /// Takes hold of a session.
    pub fn on(name: &str) -> io::Result<Self> {
        Self::within(&folder()?, name)
    }

    fn within(folder: &Path, name: &str) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let path = folder.join(name);
        private::write(&path, &std::process::id())?;
        Ok(Self(path))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Err(error) = private::remove(&self.0) {
            tracing::debug!("{}: {error}", self.0.display());
        }
    }
}

/// Whether a kernel that is there has taken this session over.
pub fn is_held(name: &str) -> bool {
    folder().is_ok_and(|folder| is_held_within(&folder, name))
}

fn is_held_within(folder: &Path, name: &str) -> bool {
    let holder = fs::read(folder.join(name)).ok();
    let holder = holder.and_then(|text| serde_json::from_slice(&text).ok());
    holder.is_some_and(origin::is_there)
}

fn folder() -> io::Result<PathBuf> {
    let data = kernelspec::user_data().map_err(io::Error::other)?;
    Ok(data.join("livy-kernel").join("sessions"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_held_until_its_kernel_drops_it() {
        let folder = tempfile::tempdir().unwrap();
        let claim = Claim::within(folder.path(), "name").unwrap();
        assert!(is_held_within(folder.path(), "name"));
        drop(claim);
        assert!(!is_held_within(folder.path(), "name"));
    }

    #[cfg(unix)]
    #[test]
    fn a_kernel_that_is_gone_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        for text in [child.id().to_string(), "nonsense".to_owned(), String::new()] {
            fs::write(folder.path().join("name"), text).unwrap();
            assert!(!is_held_within(folder.path(), "name"));
        }
    }
}
