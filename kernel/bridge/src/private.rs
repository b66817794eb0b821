//! Files that are for this person only and are written as a whole.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use serde::Serialize;

/// All or nothing, as JSON.
pub fn write(path: &Path, what: &impl Serialize) -> io::Result<()> {
    let mut beside = path.to_owned().into_os_string();
    beside.push("-new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&beside)?.write_all(&serde_json::to_vec(what)?)?;
    fs::rename(&beside, path)
}

/// One that is not there is removed.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kernel-1.livy");
        super::write(&path, &"what").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        super::remove(&path).unwrap();
        super::remove(&path).unwrap();
    }
}
