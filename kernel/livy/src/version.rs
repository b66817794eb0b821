//! The server's [version](https://livy.apache.org/docs/latest/rest-api.html).

use serde::Deserialize;

use crate::{Feature, Request};

/// `GET /version`: returns Livy's version. Livy has it, and its documentation does not.
pub fn get() -> Request<Version> {
    Request::get(&["version"]).needing(Feature::Version)
}

/// The reply to [`get`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Version {
    /// The version, such as `0.9.0-incubating`.
    pub version: String,
    /// The revision that it was built from.
    pub revision: Option<String>,
}
