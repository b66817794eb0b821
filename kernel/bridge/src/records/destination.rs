//! Where the lines of an audit go: to a file, or to the system's log.

use std::{
    fmt,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::records::{person::Person, syslog};

/// The socket of the system's log.
const SYSLOG: &str = "/dev/log";
/// How much of a file is searched for a line that may be there.
const SEARCHED_BYTES: u64 = 4 << 20;

/// Where the lines of an audit go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A file, behind what it has.
    File(PathBuf),
    /// The socket of the system's log.
    Syslog(PathBuf),
}

impl Destination {
    /// Reads a path, in which `{user}` is the name of the account, or `syslog`, or `syslog:` and the path of a socket.
    ///
    /// # Errors
    ///
    /// What it must be instead.
    pub fn parse(text: &str, person: &Person) -> Result<Self, &'static str> {
        let destination = match text.strip_prefix("syslog") {
            Some("") => Self::Syslog(SYSLOG.into()),
            Some(socket) if socket.starts_with(':') => Self::Syslog(socket[1..].into()),
            // The name of an account must not lead to another folder.
            _ => Self::File(text.replace("{user}", &person.user.replace(['/', '\\'], "_")).into()),
        };
        match destination.path().is_absolute() {
            true => Ok(destination),
            false => Err(
                "must be syslog, syslog: with the path of a socket, or the whole path of a file",
            ),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Syslog(path) => path,
        }
    }

    /// Checks that a line could be written.
    ///
    /// # Errors
    ///
    /// The system's, or that the file is somebody else's.
    pub fn check(&self) -> io::Result<()> {
        match self {
            Self::File(path) => open(path).map(drop),
            Self::Syslog(socket) => syslog::check(socket),
        }
    }

    /// Writes a line, in one piece.
    ///
    /// # Errors
    ///
    /// The system's, or that the file is somebody else's.
    pub fn write(&self, line: &str) -> io::Result<()> {
        match self {
            Self::File(path) => append(open(path)?, line),
            Self::Syslog(socket) => syslog::send(socket, line),
        }
    }

    /// Whether this text is in one of the newest lines, as far as they can be read.
    pub fn has(&self, text: &str) -> bool {
        match self {
            Self::File(path) => end_of(path)
                .is_ok_and(|end| end.windows(text.len()).any(|window| window == text.as_bytes())),
            Self::Syslog(_) => false,
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Syslog(socket) => write!(f, "the system's log ({})", socket.display()),
        }
    }
}

/// Writes a line. One before it may have been cut, when the disk was full or the machine stopped.
fn append(mut file: File, line: &str) -> io::Result<()> {
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(-1)).is_ok() && file.read_exact(&mut last).is_err() {
        last = [b'\n'];
    }
    let begin = if last == [b'\n'] { "" } else { "\n" };
    file.write_all(format!("{begin}{line}\n").as_bytes())
}

fn end_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(SEARCHED_BYTES)))?;
    let mut end = Vec::new();
    file.take(SEARCHED_BYTES).read_to_end(&mut end)?;
    Ok(end)
}

/// Opens a file for each line, since others move it away when it is long.
fn open(path: &Path) -> io::Result<File> {
    let file = options(true).open(path).or_else(|error| match error.kind() {
        // It may be that users may write and not read.
        io::ErrorKind::PermissionDenied => options(false).open(path),
        _ => Err(error),
    })?;
    check_owner(&file)?;
    Ok(file)
}

#[cfg(unix)]
fn options(is_read: bool) -> std::fs::OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = File::options();
    options.append(true).create(true).read(is_read).mode(0o600);
    options.custom_flags(flags.bits().cast_signed());
    options
}

#[cfg(not(unix))]
fn options(is_read: bool) -> std::fs::OpenOptions {
    let mut options = File::options();
    options.append(true).create(true).read(is_read);
    options
}

/// In a folder that all may write to, somebody else may have made the file, to read what comes.
#[cfg(unix)]
fn check_owner(file: &File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let (found, us) = (file.metadata()?, rustix::process::geteuid().as_raw());
    match found.uid() {
        _ if !found.is_file() => Err(io::Error::other("it is not a regular file")),
        owner if owner == us || owner == 0 => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user")),
    }
}

#[cfg(not(unix))]
fn check_owner(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn person() -> Person {
        Person { user: "al/ice".to_owned(), uid: Some(7), host: "here".to_owned() }
    }

    #[test]
    fn a_destination_is_a_whole_path_or_the_systems_log() {
        let parse = |text| Destination::parse(text, &person());
        assert_eq!(parse("/var/{user}.jsonl"), Ok(Destination::File("/var/al_ice.jsonl".into())));
        assert_eq!(parse("syslog"), Ok(Destination::Syslog("/dev/log".into())));
        assert_eq!(parse("syslog:/run/log"), Ok(Destination::Syslog("/run/log".into())));
        for wrong in ["", "audit.jsonl", "syslog:", "syslog:log", "syslogs", "{user}"] {
            parse(wrong).unwrap_err();
        }
    }

    #[test]
    fn lines_are_whole_also_behind_one_that_was_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let file = Destination::File(path.clone());
        file.check().unwrap();
        file.write("one").unwrap();
        fs::write(&path, "one\ntw").unwrap();
        file.write("three").unwrap();
        file.write("four").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntw\nthree\nfour\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(file.has("three") && !file.has("five"));
    }

    #[test]
    fn a_file_that_may_only_be_written_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        fs::write(&path, "one\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o200)).unwrap();
        Destination::File(path.clone()).write("two").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    }

    #[test]
    fn links_pipes_folders_and_missing_folders_are_no_destination() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        for wrong in [link, folder.path().to_owned(), folder.path().join("no/file")] {
            Destination::File(wrong).check().unwrap_err();
        }
        Destination::Syslog(folder.path().join("socket")).check().unwrap_err();
    }
}
