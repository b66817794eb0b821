//! A Unix socket in a folder that only its owner can enter. Through it the owner's kernel neither competes with other
//! users for a connection nor can be made to talk to one of them, who may take a port that has become free.

use std::{
    fs::{self, Metadata, Permissions},
    io::{self, ErrorKind},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::process::geteuid;
use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};

use crate::listener::transport::Listener;

const FOLDER_PREFIX: &str = "livy-kernel-local-";
const SOCKET_NAME: &str = "livy";
/// How old a folder must be before it may be removed: its process may be just opening a younger one.
const MIN_ABANDONED_AGE: Duration = Duration::from_secs(60);

/// Listens in a new folder, which is removed when the `TempDir` is dropped.
pub(crate) fn open() -> io::Result<(TempDir, UnixListener)> {
    let mut refused = ErrorKind::NotFound.into();
    for place in safest_first(parent_folders()) {
        match open_in(&place) {
            Ok(opened) => return Ok(opened),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// Returns the path of the socket in a folder that [`open`] made.
pub(crate) fn path(folder: &TempDir) -> PathBuf {
    folder.path().join(SOCKET_NAME)
}

/// Lists where the folder may be made. The home folder is not among them, since a socket's path must be shorter than
/// 108 bytes. `$XDG_RUNTIME_DIR` comes last: it is removed when the user logs off, which kernels may outlive.
fn parent_folders() -> impl Iterator<Item = PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    [std::env::temp_dir(), PathBuf::from("/tmp")].into_iter().chain(runtime)
}

/// Puts last the places where other users can replace a folder of ours, as in some containers' `/tmp`.
fn safest_first(places: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut places: Vec<_> = places.filter_map(|place| place.canonicalize().ok()).collect();
    places.sort_by_key(|place| !place.ancestors().all(prevents_replacing));
    places
}

fn open_in(place: &Path) -> io::Result<(TempDir, UnixListener)> {
    remove_abandoned(place);
    let mine = Permissions::from_mode(0o700);
    let folder =
        tempfile::Builder::new().prefix(FOLDER_PREFIX).permissions(mine).tempdir_in(place)?;
    let listener = UnixListener::bind(path(&folder))?;
    fs::set_permissions(path(&folder), Permissions::from_mode(0o600))?;
    Ok((folder, listener))
}

/// Whether other users cannot put a folder of theirs under the name of one of ours.
fn prevents_replacing(folder: &Path) -> bool {
    const OTHERS_WRITE: u32 = 0o022;
    const STICKY: u32 = 0o1000;
    fs::metadata(folder)
        .is_ok_and(|metadata| metadata.mode() & OTHERS_WRITE == 0 || metadata.mode() & STICKY != 0)
}

/// Removes this user's folders whose process was killed, so that no process answers at their sockets.
fn remove_abandoned(place: &Path) {
    let Ok(entries) = fs::read_dir(place) else { return };
    for entry in entries.flatten() {
        let has_prefix = entry.file_name().to_string_lossy().starts_with(FOLDER_PREFIX);
        let is_old = || entry.metadata().is_ok_and(|metadata| is_old_and_own(&metadata));
        if has_prefix && is_old() && has_no_listener(&entry.path()) {
            // An error means that another process was faster.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether a folder may be checked at all. The socket of another user might never answer.
fn is_old_and_own(metadata: &Metadata) -> bool {
    let age = metadata.modified().ok().and_then(|modified| modified.elapsed().ok());
    metadata.uid() == geteuid().as_raw() && age.is_some_and(|age| age > MIN_ABANDONED_AGE)
}

fn has_no_listener(folder: &Path) -> bool {
    let answer = std::os::unix::net::UnixStream::connect(folder.join(SOCKET_NAME));
    let no_listener = [ErrorKind::ConnectionRefused, ErrorKind::NotFound];
    answer.is_err_and(|error| no_listener.contains(&error.kind()))
}

/// Accepts only processes of the same user.
impl Listener for UnixListener {
    type Stream = UnixStream;

    async fn accept(&self) -> io::Result<UnixStream> {
        loop {
            let (stream, _) = UnixListener::accept(self).await?;
            if stream.peer_cred().is_ok_and(|who| who.uid() == geteuid().as_raw()) {
                return Ok(stream);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[tokio::test]
    async fn other_users_cannot_enter_whatever_the_umask() {
        let (folder, _listener) = open().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!((mode(folder.path()), mode(&path(&folder))), (0o700, 0o600));
    }

    #[tokio::test]
    async fn a_place_with_a_long_name_is_not_taken() {
        let home = tempfile::tempdir().unwrap();
        let long = home.path().join("x".repeat(100));
        fs::create_dir(&long).unwrap();
        open_in(&long).unwrap_err();
        assert_eq!(fs::read_dir(&long).unwrap().count(), 0);
    }

    #[test]
    fn a_place_where_others_can_replace_the_folder_is_taken_last() {
        let home = tempfile::tempdir().unwrap();
        let [open, below, sticky, mine] =
            ["open", "open/below", "sticky", "mine"].map(|name| home.path().join(name));
        for (folder, mode) in [(&open, 0o777), (&below, 0o700), (&sticky, 0o1777), (&mine, 0o700)] {
            fs::create_dir(folder).unwrap();
            fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap();
        }
        let missing = home.path().join("missing");
        fs::set_permissions(home.path(), Permissions::from_mode(0o700)).unwrap();
        let sorted =
            safest_first([&open, &below, &missing, &sticky, &mine].map(PathBuf::clone).into_iter());
        assert_eq!(sorted, [sticky, mine, open, below]);
    }

    #[tokio::test]
    async fn folders_of_killed_processes_are_removed_and_those_of_running_ones_stay() {
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), Permissions::from_mode(0o700)).unwrap();
        let ((killed, listener), (living, _listener)) =
            (open_in(place.path()).unwrap(), open_in(place.path()).unwrap());
        drop(listener);
        for folder in [&killed, &living] {
            let earlier = SystemTime::now() - Duration::from_secs(120);
            fs::File::open(folder.path()).unwrap().set_modified(earlier).unwrap();
        }
        // A process that another test has just forked holds the listener until it becomes its program.
        while killed.path().exists() {
            remove_abandoned(place.path());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(living.path().exists());
    }
}
