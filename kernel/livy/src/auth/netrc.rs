//! Reads passwords from a [netrc file](https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html).

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{AuthError, Fixed};

/// Says why a netrc file gives no password.
#[derive(Debug, thiserror::Error)]
pub enum NetrcError {
    /// The file cannot be read.
    #[error("{} cannot be read ({error})", path.display())]
    Unreadable {
        /// The file's path.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// Other users can read the file.
    #[error("{path} can be read by others, so the passwords in it are not used; run: chmod 600 {path}", path = .0.display())]
    Open(PathBuf),
    /// The file has no entry for the server.
    #[error("{} has no entry for {host}; add one: machine {host} login USER password PASSWORD", path.display())]
    NoEntry {
        /// The file's path.
        path: PathBuf,
        /// The server's host.
        host: String,
    },
    /// The login or password cannot be sent.
    #[error(transparent)]
    Auth(#[from] AuthError),
}

/// Uses HTTP Basic with the login and password that a netrc file has for a host.
///
/// # Errors
///
/// Fails if the file cannot be read, other users can read it, or it has no entry for the host.
pub fn netrc(path: &Path, host: &str) -> Result<Fixed, NetrcError> {
    let unreadable = |error| NetrcError::Unreadable { path: path.to_owned(), error };
    if others_can_read(path).map_err(unreadable)? {
        return Err(NetrcError::Open(path.to_owned()));
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let (login, password) = find(&text, host)
        .ok_or_else(|| NetrcError::NoEntry { path: path.to_owned(), host: host.to_owned() })?;
    Ok(Fixed::basic(&login, &password)?)
}

#[cfg(unix)]
fn others_can_read(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn others_can_read(path: &Path) -> io::Result<bool> {
    fs::metadata(path).map(|_| false)
}

/// Finds the login and password of the first entry for a host; `default` is an entry for every host.
fn find(text: &str, host: &str) -> Option<(String, String)> {
    let mut words = words(text).into_iter();
    let (mut ours, mut login, mut password) = (false, None, None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "machine" | "default" if ours => break,
            "machine" => ours = words.next()? == host,
            "default" => ours = true,
            "login" => login = words.next().filter(|_| ours),
            "password" => password = words.next().filter(|_| ours),
            _ => {}
        }
    }
    ours.then_some((login?, password?))
}

/// Splits a file into words. A quoted one may have spaces; `#` at the start of a word begins a comment.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for line in text.lines() {
        let mut rest = line.trim_start();
        while !rest.is_empty() && !rest.starts_with('#') {
            let (word, after) = next_word(rest);
            words.push(word);
            rest = after.trim_start();
        }
    }
    words
}

fn next_word(text: &str) -> (String, &str) {
    if let Some((word, after)) = text.strip_prefix('"').and_then(|quoted| quoted.split_once('"')) {
        return (word.to_owned(), after);
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (text[..end].to_owned(), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
# cluster
machine other.example login bob password no
machine livy.example
    login alice
    password \"p w#1\"   # a comment
default login guest password guest";

    fn found(host: &str) -> Option<(String, String)> {
        find(FILE, host)
    }

    #[test]
    fn the_entry_of_the_host_is_found() {
        assert_eq!(found("livy.example"), Some(("alice".into(), "p w#1".into())));
        assert_eq!(found("other.example"), Some(("bob".into(), "no".into())));
    }

    #[test]
    fn every_other_host_has_the_default() {
        assert_eq!(found("new.example"), Some(("guest".into(), "guest".into())));
        assert_eq!(find("machine a login b password c", "new.example"), None);
        assert_eq!(find("machine a login b", "a"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("netrc");
        fs::write(&path, FILE).unwrap();
        for (mode, refused) in [(0o644, true), (0o600, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let result = netrc(&path, "livy.example");
            assert_eq!(matches!(result, Err(NetrcError::Open(_))), refused, "{result:?}");
        }
    }
}
