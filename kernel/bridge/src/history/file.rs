//! Reads and writes the file of one language's history, which has a JSON object on each line. Kernels
//! that run at once take turns by a lock, so that no input is lost.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{history::input::Input, platform::private_file};

/// How many bytes a file may have before a new one is begun. One older file is kept.
const FILE_SIZE_LIMIT: u64 = 2 << 20;

/// How many bytes an input may have; a longer one is data rather than code, and is not kept.
const INPUT_SIZE_LIMIT: usize = 64 << 10;

/// The history of one language in its folder: the current file, an older one, and a lock.
pub struct HistoryFile {
    current: PathBuf,
    older: PathBuf,
    lock: PathBuf,
}

impl HistoryFile {
    /// The history of this name. Its files are created with the first input.
    pub fn new(folder: &Path, name: &str) -> Self {
        let path = |ending| folder.join(format!("{name}.{ending}"));
        Self { current: path("jsonl"), older: path("old.jsonl"), lock: path("lock") }
    }

    /// Adds an input to a session, or to a new one, and returns the session's number.
    ///
    /// # Errors
    /// The folder or its files cannot be written.
    pub fn append(&self, session: Option<i64>, line: u32, code: &str) -> io::Result<i64> {
        let _turn = self.take_turn()?;
        let session = session.unwrap_or_else(|| self.last_session().saturating_add(1));
        if code.len() > INPUT_SIZE_LIMIT {
            return Ok(session);
        }
        let input = Input { session, line, code: code.to_owned(), output: None };
        // The line break comes first, since the last writer may have died within its line.
        let record = format!("\n{}", serde_json::to_string(&input)?);
        if fs::metadata(&self.current).is_ok_and(|file| file.len() > FILE_SIZE_LIMIT) {
            fs::rename(&self.current, &self.older)?;
        }
        append(&self.current)?.write_all(record.as_bytes())?;
        Ok(session)
    }

    /// All inputs, the newest last. Lines that cannot be read are left out.
    pub fn read(&self) -> Vec<Input> {
        [&self.older, &self.current].into_iter().flat_map(|path| read(path)).collect()
    }

    fn last_session(&self) -> i64 {
        self.read().iter().map(|input| input.session).max().unwrap_or(0)
    }

    /// Waits for other kernels, which take a moment each. The turn lasts until the file is closed.
    fn take_turn(&self) -> io::Result<File> {
        if let Some(folder) = self.lock.parent() {
            private_file::create_folder(folder).map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", folder.display()))
            })?;
        }
        let lock = append(&self.lock)?;
        match lock.lock() {
            // Some network disks have no locks; kernels that write there at once may lose inputs.
            Err(error) if error.kind() != io::ErrorKind::Unsupported => Err(error),
            _ => Ok(lock),
        }
    }
}

fn read(path: &Path) -> Vec<Input> {
    let text = fs::read(path).unwrap_or_default();
    let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

/// Opens a file for appending. A new one is readable for its owner only.
fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(file: &HistoryFile) -> Vec<String> {
        file.read().into_iter().map(|input| input.code).collect()
    }

    #[test]
    fn concurrent_kernels_lose_nothing_and_have_a_session_each() {
        let folder = tempfile::tempdir().unwrap();
        let kernel = |name: usize| {
            let file = HistoryFile::new(folder.path(), "x");
            let mut session = None;
            for line in 1..=50 {
                session = file.append(session, line, &format!("{name} {line}")).ok();
            }
            session.unwrap()
        };
        let mut sessions: Vec<i64> = std::thread::scope(|scope| {
            let kernels: Vec<_> = (0..4).map(|name| scope.spawn(move || kernel(name))).collect();
            kernels.into_iter().map(|kernel| kernel.join().unwrap()).collect()
        });
        sessions.sort_unstable();
        assert_eq!(sessions, [1, 2, 3, 4]);
        let found = codes(&HistoryFile::new(folder.path(), "x"));
        let distinct: std::collections::HashSet<_> = found.iter().collect();
        assert_eq!((found.len(), distinct.len()), (200, 200));
    }

    #[test]
    fn a_broken_line_does_not_cost_another() {
        let folder = tempfile::tempdir().unwrap();
        let file = HistoryFile::new(folder.path(), "x");
        file.append(None, 1, "a\n'é'").unwrap();
        super::append(&file.current).unwrap().write_all(b"\n{\"session\": 1, \xff").unwrap();
        file.append(Some(1), 2, "b").unwrap();
        assert_eq!(codes(&file), ["a\n'é'", "b"]);
    }

    #[test]
    fn the_files_stay_small() {
        let folder = tempfile::tempdir().unwrap();
        let file = HistoryFile::new(folder.path(), "x");
        let code = "x".repeat(INPUT_SIZE_LIMIT);
        for line in 1..=200 {
            file.append(Some(7), line, &code).unwrap();
        }
        let size = |path| fs::metadata(path).unwrap().len();
        let most = FILE_SIZE_LIMIT + 2 * INPUT_SIZE_LIMIT as u64;
        assert!(size(&file.current) < most && size(&file.older) < most);
        assert_eq!(file.read().last().unwrap().line, 200);
        assert_eq!(file.append(None, 1, "y").unwrap(), 8);
        assert_eq!(file.append(Some(8), 2, &(code + "x")).unwrap(), 8);
        assert_eq!(file.read().last().unwrap().code, "y");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_the_files() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = HistoryFile::new(folder.path(), "x");
        file.append(None, 1, "a").unwrap();
        let mode = fs::metadata(&file.current).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
