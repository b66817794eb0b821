//! The Unix sockets at which zeromq listens, in a folder that only this user can enter.

use std::{
    fs::Permissions,
    io,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;

/// The prefix of the folders' names in the system's temporary folder.
const FOLDER_PREFIX: &str = "livy-kernel-sockets-";
/// A folder of this age is not one that a kernel is just creating its sockets in.
const STALE_FOLDER_AGE: Duration = Duration::from_secs(60);

/// The inner listener of one channel, to be handed to zeromq.
pub(crate) type InnerListener = UnixListener;

/// The folder that holds one kernel's inner sockets; removed when it is dropped.
pub(super) struct InnerFolder(TempDir);

impl InnerFolder {
    /// Creates the folder, and removes those of this user's killed kernels.
    pub fn new() -> io::Result<Self> {
        remove_stale_folders();
        let private = Permissions::from_mode(0o700);
        tempfile::Builder::new().prefix(FOLDER_PREFIX).permissions(private).tempdir().map(Self)
    }

    pub fn path_of(&self, channel: &str) -> PathBuf {
        self.0.path().join(channel)
    }
}

/// Removes folders whose sockets nobody listens at any more.
fn remove_stale_folders() {
    let Ok(entries) = std::fs::read_dir(std::env::temp_dir()) else { return };
    let folders = entries.flatten().map(|entry| entry.path());
    let is_stale = |path: &PathBuf| has_prefix(path) && is_old_and_mine(path) && is_deserted(path);
    for folder in folders.filter(is_stale) {
        // Another kernel may be faster.
        let _ = std::fs::remove_dir_all(folder);
    }
}

fn has_prefix(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(FOLDER_PREFIX))
}

/// Another user's socket might never answer, so only this user's folders are looked at.
fn is_old_and_mine(folder: &Path) -> bool {
    let Ok(found) = std::fs::symlink_metadata(folder) else { return false };
    let is_mine = found.is_dir() && found.uid() == rustix::process::geteuid().as_raw();
    let modified = found.modified().ok().and_then(|at| at.elapsed().ok());
    is_mine && modified.is_some_and(|age| age > STALE_FOLDER_AGE)
}

fn is_deserted(folder: &Path) -> bool {
    let connected = UnixStream::connect(folder.join("shell"));
    connected.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    /// A folder as a kernel has it, made two minutes ago.
    fn folder() -> (TempDir, UnixListener) {
        let folder = tempfile::Builder::new().prefix(FOLDER_PREFIX).tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("shell")).unwrap();
        let earlier = SystemTime::now() - Duration::from_secs(120);
        std::fs::File::open(folder.path()).unwrap().set_modified(earlier).unwrap();
        (folder, listener)
    }

    #[test]
    fn nobody_else_can_enter_the_folder() {
        let folder = InnerFolder::new().unwrap();
        let mode = std::fs::metadata(folder.0.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn folders_of_killed_kernels_are_removed_and_those_of_living_ones_stay() {
        let ((killed, listener), (living, _listener)) = (folder(), folder());
        drop(listener);
        remove_stale_folders();
        assert!(!killed.path().exists());
        assert!(living.path().exists());
    }

    #[test]
    fn what_is_another_users_or_a_link_is_left_alone() {
        let (folder, _listener) = folder();
        assert!(is_old_and_mine(folder.path()));
        let elsewhere = tempfile::tempdir().unwrap();
        let link = elsewhere.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        assert!(!is_old_and_mine(&link));
        // `/` is root's, and a folder that root has given to `nobody` is not.
        let another = match std::os::unix::fs::chown(folder.path(), Some(65534), None) {
            Ok(()) => folder.path(),
            Err(_) => Path::new("/"),
        };
        assert!(!is_old_and_mine(another));
    }
}
