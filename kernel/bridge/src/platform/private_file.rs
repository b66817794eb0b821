//! Files and folders that only this user can read or change. A file is written under a name that nobody
//! can guess and then renamed. It is read only if no other user can have written it: some folders that
//! Jupyter uses, such as the system's temporary folder, are open to every user of the machine.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
};

use serde::Serialize;

/// Larger files are cut: no file that the kernel writes has this many bytes.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// Writes a value to a file as JSON, completely or not at all.
///
/// # Errors
///
/// Fails with the system's error, for example if the folder cannot be written.
pub fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    // A new file is never another user's nor a link's target, and only its owner may read it.
    let mut file = tempfile::NamedTempFile::new_in(folder_of(path))?;
    file.write_all(&serde_json::to_vec(value)?)?;
    file.persist(path)?;
    Ok(())
}

/// Reads a file that this user owns and that nobody else may read or write.
///
/// # Errors
///
/// Fails with `PermissionDenied` for any other file, or with the system's error.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = open(path, false)?;
    check(&file.metadata()?)?;
    let mut text = Vec::new();
    file.take(MAX_FILE_BYTES).read_to_end(&mut text)?;
    Ok(text)
}

/// Reads the JSON in such a file. Returns `None` if there is no file, and also if it cannot be read,
/// which is logged.
pub fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    let text = match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        text => text,
    };
    text.and_then(|text| Ok(serde_json::from_slice(&text)?))
        .inspect_err(|error| tracing::warn!("{} is ignored: {error}", path.display()))
        .ok()
}

/// Removes a file, if it exists.
///
/// # Errors
///
/// Fails with the system's error.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Creates a file, unless there is something of this name.
///
/// # Errors
///
/// Fails with the system's error.
pub fn create_new(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.read(true).write(true).create_new(true).open(path)
}

/// Opens a file to go on writing it, if this user owns it and nobody else may read or write it.
///
/// # Errors
///
/// Fails with `PermissionDenied` for any other file, or with the system's error.
pub fn open_again(path: &Path) -> io::Result<File> {
    let file = open(path, true)?;
    check(&file.metadata()?)?;
    Ok(file)
}

/// Opens a file to write behind what it has, or creates it. Nobody else may read or write it.
///
/// # Errors
///
/// Fails with `PermissionDenied` for a file that others can use, or with the system's error.
pub fn append(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    let file = options.append(true).create(true).open(path)?;
    check(&file.metadata()?)?;
    Ok(file)
}

/// Renames a file; one that is there is replaced only if that is wanted.
///
/// # Errors
///
/// Fails with `AlreadyExists` if one is there, or with the system's error.
pub fn rename(from: &Path, to: &Path, replaces: bool) -> io::Result<()> {
    if replaces {
        return fs::rename(from, to);
    }
    let file = tempfile::TempPath::try_from_path(from)?;
    file.persist_noclobber(to).map_err(|failed| {
        // It is only removed once it has its name.
        let _ = failed.path.keep();
        failed.error
    })
}

/// Creates a folder and its missing parents, all of them closed to other users. If the folder exists and
/// is this user's, it is closed to others; [`read`] ignores what they left in it.
///
/// # Errors
///
/// Fails with `PermissionDenied` if the folder is another user's or a link, or with the system's error.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    if is_private_folder(folder) {
        return Ok(());
    }
    close(folder)?;
    match is_private_folder(folder) {
        true => Ok(()),
        false => Err(not_private("it is a link, or belongs to another user")),
    }
}

/// Creates a folder for this user only in the system's temporary folder; it is removed on drop.
///
/// # Errors
///
/// Fails with the system's error.
pub fn temporary_folder(prefix: &str) -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir()
}

/// Returns whether this is a folder that this user owns and nobody else may enter.
pub fn is_private_folder(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir() && is_ours_alone(&found))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn check(found: &fs::Metadata) -> io::Result<()> {
    if !found.is_file() {
        return Err(not_private("it is not a regular file"));
    }
    match is_ours_alone(found) {
        true => Ok(()),
        false => {
            Err(not_private("other users can read or change it, or it belongs to another user"))
        }
    }
}

fn not_private(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, why)
}

/// Closes a folder to other users, if this user owns it.
#[cfg(unix)]
fn close(folder: &Path) -> io::Result<()> {
    use rustix::fs::{Mode, OFlags, fchmod, open};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = open(folder, flags, Mode::empty())?;
    Ok(fchmod(folder, Mode::RWXU)?)
}

#[cfg(not(unix))]
fn close(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Opens a file without following a link, and without waiting for the writer of a pipe.
#[cfg(unix)]
fn open(path: &Path, is_written: bool) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open};
    let access = if is_written { OFlags::RDWR } else { OFlags::RDONLY };
    let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(open(path, flags, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn open(path: &Path, is_written: bool) -> io::Result<File> {
    File::options().read(true).write(is_written).open(path)
}

#[cfg(unix)]
fn is_ours_alone(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o077 == 0
}

/// Returns `true`: a user's folders are closed to other users there by default.
#[cfg(not(unix))]
fn is_ours_alone(_: &fs::Metadata) -> bool {
    true
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kernel-1.livy");
        write_json(&path, &"older").unwrap();
        write_json(&path, &"what").unwrap();
        assert_eq!(read_json::<String>(&path).as_deref(), Some("what"));
        assert_eq!((mode(&path), fs::read_dir(folder.path()).unwrap().count()), (0o600, 1));
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(read_json::<String>(&path), None);
    }

    #[test]
    fn a_file_that_others_may_have_written_or_can_read_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kernel-1.livy");
        for open in [0o644, 0o620, 0o602, 0o640] {
            write_json(&path, &"what").unwrap();
            set_mode(&path, open);
            assert_eq!(
                read(&path).unwrap_err().kind(),
                io::ErrorKind::PermissionDenied,
                "{open:o}"
            );
        }
        write_json(&path, &"what").unwrap();
        set_mode(&path, 0o400);
        read(&path).unwrap();
    }

    #[test]
    fn a_link_a_pipe_or_a_folder_is_no_file_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        write_json(&file, &"what").unwrap();
        symlink(&file, &link).unwrap();
        read(&link).unwrap_err();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        set_mode(&pipe, 0o600);
        read(&pipe).unwrap_err();
        read(folder.path()).unwrap_err();
    }

    #[test]
    fn a_link_in_the_place_of_a_file_is_replaced_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (victim, path) = (folder.path().join("victim"), folder.path().join("kernel-1.livy"));
        fs::write(&victim, "mine").unwrap();
        symlink(&victim, &path).unwrap();
        write_json(&path, &"what").unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
    }

    #[test]
    fn new_folders_are_private_open_ones_closed_links_refused() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        create_folder(&inner).unwrap();
        create_folder(&inner).unwrap();
        assert_eq!([mode(&inner), mode(&folder.path().join("a"))], [0o700, 0o700]);
        set_mode(&inner, 0o755);
        create_folder(&inner).unwrap();
        assert_eq!(mode(&inner), 0o700);
        let link = folder.path().join("link");
        symlink(folder.path(), &link).unwrap();
        create_folder(&link).unwrap_err();
    }
}
