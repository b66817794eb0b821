//! What the environment says about where Spark is.

use std::path::PathBuf;

use livy_client::{Endpoint, EndpointError};

/// The variable that names the Livy server.
pub const LIVY_URL: &str = "LIVY_URL";

/// The variable that names the Python whose Spark the kernel starts when there is no server.
pub const LIVY_LOCAL_PYTHON: &str = "LIVY_LOCAL_PYTHON";

/// Where cells run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A Livy server.
    Livy(Endpoint),
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
        Some(url) => Endpoint::parse(url)
            .map(Place::Livy)
            .map_err(|error: EndpointError| SettingsError(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_url_means_this_machine() {
        assert_eq!(read(None, Some("")), Ok(Place::Here(None)));
        assert_eq!(
            read(Some(" "), Some("/venv/bin/python")),
            Ok(Place::Here(Some("/venv/bin/python".into())))
        );
    }

    #[test]
    fn a_url_names_the_server() {
        let Ok(Place::Livy(endpoint)) = read(Some("http://me:secret@livy.example:8998/"), None)
        else {
            panic!("a server was expected");
        };
        assert_eq!(endpoint.to_string(), "http://livy.example:8998");
    }

    #[test]
    fn a_wrong_url_is_an_error_that_names_the_variable() {
        let error = read(Some("livy:8998"), None).unwrap_err().to_string();
        assert!(error.starts_with("LIVY_URL does not name a Livy server"), "{error}");
    }
}
