//! What is wrong with a setting.

/// A setting that makes no sense: which one and why, and never a secret in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{label} {why}")]
pub struct SettingsError {
    /// The variable that goes before all other sources of the setting.
    pub variable: &'static str,
    /// The name under which the user has set it.
    pub(super) label: String,
    pub(super) why: String,
    /// Whether a policy refuses the setting, which makes sense otherwise.
    pub(super) is_refusal: bool,
}

impl SettingsError {
    /// The name of this kind of error, for a cell.
    pub fn ename(&self) -> &'static str {
        if self.is_refusal { "PolicyError" } else { "SettingsError" }
    }
}
