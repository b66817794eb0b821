//! The notebook that a run writes: completely or not at all, so that a crash leaves what was written last.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use crate::exec::notebook::Notebook;

/// Reads the notebook of an earlier run; none if there is none that can be read.
pub fn read(path: &Path) -> Option<Notebook> {
    Notebook::parse(&fs::read(path).ok()?).ok()
}

/// Writes a notebook in the place of an earlier one.
///
/// # Errors
///
/// The disk is full, or the folder cannot be written.
pub fn write(path: &Path, notebook: &Notebook) -> io::Result<()> {
    // A link stays, and what it leads to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = builder().tempfile_in(folder.unwrap_or(Path::new(".")))?;
    if let Ok(earlier) = fs::metadata(&path) {
        file.as_file().set_permissions(earlier.permissions())?;
    }
    file.write_all(&notebook.to_json()?)?;
    file.as_file().sync_data()?;
    file.persist(&path)?;
    Ok(())
}

/// Makes files that others may read as far as the user's umask lets them.
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".livy-kernel-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notebook_takes_the_place_of_an_earlier_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.ipynb");
        for code in ["1", "2"] {
            write(&path, &Notebook::of_code(code)).unwrap();
            assert_eq!(read(&path).unwrap().cells[0].source(), code);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(read(&folder.path().join("none.ipynb")).is_none());
        write(&folder.path().join("no/such/folder"), &Notebook::of_code("1")).unwrap_err();
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions_stay() {
        use std::{fs::Permissions, os::unix::fs::PermissionsExt};

        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("out.ipynb"), folder.path().join("link"));
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write(&link, &Notebook::of_code("1")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(read(&path).is_some());
    }
}
