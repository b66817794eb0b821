//! What the environment says about where Spark is.

use std::path::PathBuf;

use livy_client::{Endpoint, Options};

/// The variable that names the Livy server.
pub const LIVY_URL: &str = "LIVY_URL";

/// The variable that names the Python whose Spark the kernel starts when there is no server.
pub const LIVY_LOCAL_PYTHON: &str = "LIVY_LOCAL_PYTHON";

/// Where cells run.
#[derive(Clone, Debug)]
pub enum Place {
    /// A Livy server.
    Livy(Box<Options>),
    /// Spark on this machine, started by the kernel itself, with this Python if one is named.
    Here(Option<PathBuf>),
}

/// A setting that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{LIVY_URL} does not name a Livy server: {0}")]
pub struct SettingsError(String);

/// Reads the environment. Absent and empty mean the same, since a kernelspec's `env` cannot unset.
pub fn place() -> Result<Place, SettingsError> {
    let variable = |name| std::env::var(name).ok();
    read(variable(LIVY_URL).as_deref(), variable(LIVY_LOCAL_PYTHON).as_deref())
}

fn read(url: Option<&str>, python: Option<&str>) -> Result<Place, SettingsError> {
    match url.map(str::trim) {
        None | Some("") => {
            Ok(Place::Here(python.filter(|path| !path.is_empty()).map(PathBuf::from)))
        }
        Some(url) => livy(url).map(|options| Place::Livy(Box::new(options))),
    }
}

fn livy(url: &str) -> Result<Options, SettingsError> {
    let endpoint = Endpoint::parse(url).map_err(|error| SettingsError(error.to_string()))?;
    Options::new(endpoint).map_err(|error| SettingsError(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_url_means_this_machine() {
        assert!(matches!(read(None, Some("")), Ok(Place::Here(None))));
        let python = Some("/venv/bin/python");
        assert!(
            matches!(read(Some(" "), python), Ok(Place::Here(Some(path))) if path.ends_with("python"))
        );
    }

    #[test]
    fn a_url_names_the_server() {
        let Ok(Place::Livy(options)) = read(Some("http://me:secret@livy.example:8998/"), None)
        else {
            panic!("a server was expected");
        };
        assert_eq!(options.endpoint.to_string(), "http://livy.example:8998");
        assert_eq!(options.auth.name(), "basic");
        assert!(!format!("{options:?}").contains("secret"));
    }

    #[test]
    fn a_wrong_url_is_an_error_that_names_the_variable() {
        let error = read(Some("livy:8998"), None).unwrap_err().to_string();
        assert!(error.starts_with("LIVY_URL does not name a Livy server"), "{error}");
    }
}
