//! The file of counts that all kernels of a user keep together.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use crate::{
    platform::{jupyter_paths::kernels_folder, private_file},
    records::metrics::Counters,
};

/// How often another kernel may have the file, before this one tries again later.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// Where counts are kept, unless the settings say otherwise. It ends as
/// [the collector of text files](https://github.com/prometheus/node_exporter#textfile-collector) expects.
pub fn default_path() -> Option<PathBuf> {
    Some(kernels_folder("metrics").ok()?.join("kernels.prom"))
}

/// Reads the counts of a file; none if there is no such file.
///
/// # Errors
///
/// The system's.
pub fn read(path: &Path) -> io::Result<Counters> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Counters::parse(&text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Counters::default()),
        Err(error) => Err(error),
    }
}

/// Adds counts to a file, which others may read: no count says what was run.
///
/// # Errors
///
/// The system's, or other kernels had the file for too long.
pub fn add(path: &Path, counters: &Counters) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    if default_path().as_deref() == Some(path) {
        private_file::create_folder(folder)?;
    }
    let _lock = lock(&path.with_extension("lock"))?;
    let mut all = read(path)?;
    all.merge(counters);
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(all.text().as_bytes())?;
    #[cfg(unix)]
    file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    file.persist(path)?;
    Ok(())
}

/// Locks a file beside, since the file itself is replaced.
fn lock(path: &Path) -> io::Result<File> {
    let file = private_file::append(path)?;
    for _ in 0..ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::WouldBlock) => thread::sleep(PAUSE),
            // Some network disks have no locks: then two kernels may rarely lose a count.
            Err(fs::TryLockError::Error(_)) => return Ok(file),
        }
    }
    Err(io::Error::new(io::ErrorKind::WouldBlock, "other kernels write it all the time"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::metrics::Count;

    fn one() -> Counters {
        let mut counters = Counters::default();
        counters.add(Count::Reconnect);
        counters
    }

    #[test]
    fn kernels_that_write_at_once_lose_no_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kernels.prom");
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        while add(&path, &one()).is_err() {}
                    }
                });
            }
        });
        assert!(read(&path).unwrap().text().contains("livy_kernel_reconnects_total 100\n"));
    }

    #[test]
    fn a_file_that_was_damaged_is_counted_in_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kernels.prom");
        fs::write(&path, "\0\0\0 nonsense").unwrap();
        add(&path, &one()).unwrap();
        assert_eq!(read(&path).unwrap(), one());
        assert_eq!(read(&folder.path().join("none")).unwrap(), Counters::default());
    }
}
