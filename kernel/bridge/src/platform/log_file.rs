//! The newest lines of the log of this person's kernels, which `doctor --bundle` collects. Jupyter's own log has them,
//! too, but nobody knows where that is.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::platform::{jupyter_paths::kernels_folder, private_file};

/// The size from which on the next line begins a new file. The file before is kept, and no other.
const LIMIT: u64 = 256 << 10;

/// A log file to which several kernels may write.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: File,
}

impl LogFile {
    /// Opens the log of this person's kernels, or begins it. Without a folder, nothing is kept.
    pub fn of_kernels() -> Option<Self> {
        let path = path()?;
        private_file::create_folder(path.parent()?).ok()?;
        Self::open(path).ok()
    }

    fn open(path: PathBuf) -> io::Result<Self> {
        let file = private_file::append(&path)?;
        Ok(Self { path, file })
    }

    fn begin_another(&mut self) -> io::Result<()> {
        fs::rename(&self.path, before(&self.path))?;
        self.file = private_file::append(&self.path)?;
        Ok(())
    }
}

/// A line comes in one piece, and so do those of other kernels.
impl Write for LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.file.metadata()?.len() > LIMIT {
            self.begin_another()?;
        }
        self.file.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Returns the lines that are kept, the oldest first.
pub fn kept() -> Vec<u8> {
    path().map(|path| kept_at(&path)).unwrap_or_default()
}

fn kept_at(path: &Path) -> Vec<u8> {
    let mut lines = Vec::new();
    for path in [&before(path), path] {
        lines.extend(private_file::read(path).unwrap_or_default());
    }
    lines
}

fn path() -> Option<PathBuf> {
    Some(kernels_folder("log").ok()?.join("kernels.log"))
}

fn before(path: &Path) -> PathBuf {
    path.with_extension("log.1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_kernels_write_and_the_newest_lines_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kernels.log");
        let mut kernels = [0, 1].map(|_| LogFile::open(path.clone()).unwrap());
        let line = "x".repeat(1023) + "\n";
        for _ in 0..400 {
            kernels[0].write_all(line.as_bytes()).unwrap();
            kernels[1].write_all(b"second\n").unwrap();
        }
        kernels[0].write_all(b"last\n").unwrap();
        let kept = String::from_utf8(kept_at(&path)).unwrap();
        assert!(kept.ends_with("last\n") && kept.matches("second\n").count() > 100);
        assert!(kept.len() as u64 <= 2 * (LIMIT + 2048), "{}", kept.len());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
