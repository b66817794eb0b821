//! What the user reads when a policy refuses something.

use crate::error::CellError;

/// What was asked for, and which policy refuses it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} {what}")]
pub struct PolicyError {
    /// The name of what was asked for, as the user knows it.
    pub key: String,
    /// The value, and what the policy says of it.
    pub what: String,
}

impl PolicyError {
    pub(super) fn new(key: &str, what: impl Into<String>) -> Self {
        Self { key: key.to_owned(), what: what.into() }
    }
}

impl From<PolicyError> for CellError {
    fn from(error: PolicyError) -> Self {
        let next = "No setting goes before a policy: change what it names, or ask the administrator of this machine.";
        Self::new("PolicyError", error.to_string(), next)
    }
}
