//! Where the files of policies are, and how they are read.
//!
//! Nothing that the user can set leads to another file: neither a variable nor the home folder has a part in
//! it. A file counts whoever owns it, and a link is followed, since whoever can write to `/etc` or to the
//! program's folder decides there. What is not certainly absent must be understood.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use crate::policy::{error::PolicyError, rules::Rules};

/// The machine's own file.
#[cfg(unix)]
const OF_MACHINE: &str = "/etc/livy-kernel/policy.toml";
/// The file of the environment, from the folder that has the program's `bin`.
const OF_ENVIRONMENT: &str = "etc/livy-kernel/policy.toml";

/// Where policies are: the machine's, and that of the environment that has this program.
pub fn paths() -> Vec<PathBuf> {
    let mut paths = Vec::new();
    #[cfg(unix)]
    paths.push(PathBuf::from(OF_MACHINE));
    // A link to the program, wherever it is, does not lead away from the environment.
    let program = env::current_exe().map(|program| program.canonicalize().unwrap_or(program));
    let of_environment = program
        .ok()
        .and_then(|program| of_environment(&program))
        .filter(|path| !paths.contains(path));
    paths.extend(of_environment);
    paths
}

fn of_environment(program: &Path) -> Option<PathBuf> {
    Some(program.parent()?.parent()?.join(OF_ENVIRONMENT))
}

/// Reads a file; none if there certainly is no such file.
///
/// # Errors
///
/// The file cannot be read or understood.
pub fn read(path: &Path) -> Result<Option<Rules>, PolicyError> {
    let source = path.display().to_string();
    let fault = |why: String| {
        let what = format!("cannot be understood ({why}), so nothing is allowed");
        PolicyError::new(&source, what)
    };
    // A link that leads nowhere is there.
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault(error.to_string())),
        Ok(_) => {}
    }
    let text = fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
    let mut rules = Rules::parse(&text, &source).map_err(fault)?;
    rules.is_changeable = is_changeable(path);
    Ok(Some(rules))
}

/// Whether this user, who is not the administrator, can change or replace a file.
#[cfg(unix)]
fn is_changeable(path: &Path) -> bool {
    use rustix::fs::{Access, access};
    let is_writable = |path: &Path| access(path, Access::WRITE_OK).is_ok();
    let is_root = rustix::process::geteuid().is_root();
    !is_root && (is_writable(path) || path.parent().is_some_and(is_writable))
}

#[cfg(not(unix))]
fn is_changeable(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_folder(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.toml");
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn fault(path: &Path) -> String {
        read(path).unwrap_err().to_string()
    }

    #[test]
    fn the_environment_is_that_of_the_program_itself() {
        let path = of_environment(Path::new("/opt/spark/bin/livy-kernel"));
        assert_eq!(path, Some("/opt/spark/etc/livy-kernel/policy.toml".into()));
        assert_eq!(of_environment(Path::new("/livy-kernel")), None);
    }

    #[test]
    fn only_a_file_that_is_certainly_absent_is_none() {
        let (folder, path) = in_folder("");
        assert!(read(&path).unwrap().is_some());
        assert!(read(&folder.path().join("other.toml")).unwrap().is_none());
        assert!(fault(folder.path()).contains("so nothing is allowed"));
        assert!(fault(&path.join("policy.toml")).contains("so nothing is allowed"));
    }

    #[test]
    #[cfg(unix)]
    fn a_link_is_followed_and_one_that_leads_nowhere_is_no_missing_file() {
        let (folder, path) = in_folder("forbid = [\"pip\"]");
        let link = folder.path().join("link.toml");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(read(&link).unwrap().is_some());
        fs::remove_file(&path).unwrap();
        assert!(fault(&link).starts_with(&link.display().to_string()));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, words) in [
            ("servers = []\nforbit = []", &["line 2", "forbit", "forbid"][..]),
            ("[max]\ndriverMemory = \"many\"", &["line 2", "many", "8g"]),
            ("[max]\nexecutors = 3", &["line 2", "executors", "numExecutors"]),
            ("banner =", &["line 1"]),
            ("\n\nforbid = [\"everything\"]", &["line 3", "everything", "transfers"]),
            ("servers = [\"livy:8998\"]", &["line 1", "http"]),
            ("force.conf = { a = [1] }", &["line 1", "text"]),
        ] {
            let (_folder, path) = in_folder(text);
            let fault = fault(&path);
            assert!(words.iter().all(|word| fault.contains(word)), "{text}: {fault}");
        }
    }
}
