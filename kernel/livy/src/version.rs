//! Which Livy it is.

use serde::Deserialize;

use crate::{Ability, Request};

/// `GET /version`
pub fn get() -> Request<Version> {
    Request::get(&["version"]).needing(Ability::Version)
}

/// The reply to [`get`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Version {
    /// Such as `0.9.0-incubating`.
    pub version: String,
    /// The revision it was built from.
    pub revision: Option<String>,
}
