//! The file of one language's history: a JSON object a line. Kernels take turns by a lock, so that
//! none loses what another writes.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::Input;

/// A file larger than this is set aside, in the place of the one before it.
const FULL: u64 = 2 << 20;

/// Longer inputs are data rather than code.
const LONGEST: usize = 64 << 10;

/// Inputs of all sessions, the last one last.
pub struct HistoryFile {
    current: PathBuf,
    older: PathBuf,
    lock: PathBuf,
}

impl HistoryFile {
    /// The file of this name; it comes with the first input.
    pub fn new(folder: &Path, name: &str) -> Self {
        let path = |ending| folder.join(format!("{name}.{ending}"));
        Self { current: path("jsonl"), older: path("old.jsonl"), lock: path("lock") }
    }

    /// Adds an input to a session, or to a new one, and says to which.
    pub fn append(&self, session: Option<i64>, line: u32, code: &str) -> io::Result<i64> {
        let _turn = self.take_turn()?;
        let session = session.unwrap_or_else(|| 1 + self.last_session());
        if code.len() > LONGEST {
            return Ok(session);
        }
        let input = Input { session, line, code: code.to_owned() };
        // The line break comes first, for the last writer may have died before the end of its line.
        let record = format!("\n{}", serde_json::to_string(&input)?);
        if fs::metadata(&self.current).is_ok_and(|file| file.len() > FULL) {
            fs::rename(&self.current, &self.older)?;
        }
        private(&self.current)?.write_all(record.as_bytes())?;
        Ok(session)
    }

    /// All that can be read; a line that cannot is no reason to lose the others.
    pub fn read(&self) -> Vec<Input> {
        [&self.older, &self.current].into_iter().flat_map(|path| read(path)).collect()
    }

    fn last_session(&self) -> i64 {
        self.read().iter().map(|input| input.session).max().unwrap_or(0)
    }

    /// Waits for the others, which take a moment each, until the lock is closed.
    fn take_turn(&self) -> io::Result<File> {
        if let Some(folder) = self.lock.parent() {
            fs::create_dir_all(folder)?;
        }
        let lock = private(&self.lock)?;
        match lock.lock() {
            // There are network disks without locks; there, one kernel at once is the rule.
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

/// Opens a file to write at its end; nobody else may read a new one.
fn private(path: &Path) -> io::Result<File> {
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
    fn kernels_at_once_lose_nothing_and_have_a_session_each() {
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
    fn a_broken_line_costs_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let file = HistoryFile::new(folder.path(), "x");
        file.append(None, 1, "a\n'é'").unwrap();
        private(&file.current).unwrap().write_all(b"\n{\"session\": 1, \xff").unwrap();
        file.append(Some(1), 2, "b").unwrap();
        assert_eq!(codes(&file), ["a\n'é'", "b"]);
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let file = HistoryFile::new(folder.path(), "x");
        let code = "x".repeat(LONGEST);
        for line in 1..=200 {
            file.append(Some(7), line, &code).unwrap();
        }
        let size = |path| fs::metadata(path).unwrap().len();
        let most = FULL + 2 * LONGEST as u64;
        assert!(size(&file.current) < most && size(&file.older) < most);
        assert_eq!(file.read().last().unwrap().line, 200);
        assert_eq!(file.append(None, 1, "y").unwrap(), 8);
        assert_eq!(file.append(Some(8), 2, &(code + "x")).unwrap(), 8);
        assert_eq!(file.read().last().unwrap().code, "y");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = HistoryFile::new(folder.path(), "x");
        file.append(None, 1, "a").unwrap();
        let mode = fs::metadata(&file.current).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
