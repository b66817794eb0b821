//! What the user has set: where Spark is, how it is reached, and what is wanted of sessions.

pub mod choices;
mod error;
pub mod file;
pub mod keys;
mod layers;
pub mod lenient_json;
mod session_options;
pub mod session_properties;
mod sparkmagic;
mod target;
mod values;
mod vendor_keys;

pub use error::SettingsError;
pub use layers::Settings;
pub use session_options::{SessionOptions, SessionSettings};
pub use target::{CREDENTIALS, LIVY_LOCAL_PYTHON, LIVY_URL, Target, addresses};

use std::path::PathBuf;

use crate::settings::choices::{AfterRun, AgentPolicy};

impl Settings {
    /// Reads when sessions get an agent.
    ///
    /// # Errors
    ///
    /// The setting is not one of its choices.
    pub fn agents(&self) -> Result<AgentPolicy, SettingsError> {
        self.one_of(
            "LIVY_AGENT",
            &[
                ("auto", AgentPolicy::Auto),
                ("always", AgentPolicy::Always),
                ("never", AgentPolicy::Never),
            ],
        )
    }

    /// Reads what becomes of a cell's progress display.
    ///
    /// # Errors
    ///
    /// The setting is not one of its choices.
    pub fn progress(&self) -> Result<AfterRun, SettingsError> {
        self.one_of(
            "LIVY_PROGRESS",
            &[("line", AfterRun::Line), ("clear", AfterRun::Clear), ("never", AfterRun::Never)],
        )
    }

    /// Finds everything that is wrong, each setting by itself.
    pub fn faults(&self) -> Vec<SettingsError> {
        let mut faults = Vec::new();
        let mut settings = self.clone();
        while let Err(error) = settings.check() {
            if faults.contains(&error) {
                break;
            }
            settings = settings.without(error.variable);
            faults.push(error);
        }
        faults
    }

    fn check(&self) -> Result<(), SettingsError> {
        self.target()?;
        self.session_options()?;
        self.agents()?;
        self.progress()?;
        self.keeps_history()?;
        Ok(())
    }

    /// Returns the Python that runs `%%local` cells, if one is named.
    pub fn local_cells_python(&self) -> Option<PathBuf> {
        self.path("LIVY_LOCAL_CELLS_PYTHON")
    }

    /// Reads whether inputs are kept for later kernels.
    ///
    /// # Errors
    ///
    /// The setting is neither yes nor no.
    pub fn keeps_history(&self) -> Result<bool, SettingsError> {
        self.is_on("LIVY_HISTORY")
    }
}

#[cfg(test)]
mod tests {
    use super::layers::tests::of_variables;

    #[test]
    fn the_history_is_kept_unless_told_otherwise() {
        let keeps = |value: &str| of_variables(&[("LIVY_HISTORY", value)]).keeps_history();
        assert_eq!((keeps(""), keeps("yes"), keeps("no")), (Ok(true), Ok(true), Ok(false)));
        assert_eq!(keeps("s3cret").unwrap_err().to_string(), "LIVY_HISTORY must be yes or no");
    }
}
