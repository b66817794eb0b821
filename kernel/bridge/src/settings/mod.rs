//! What the user has set: where Spark is, how it is reached, and what is wanted of sessions.

pub mod choices;
mod error;
pub mod file;
pub mod keys;
mod layers;
pub mod lenient_json;
mod records;
mod refusals;
mod session_options;
pub mod session_properties;
mod sparkmagic;
mod target;
mod values;
mod vendor_keys;

pub use error::SettingsError;
pub use layers::Settings;
#[cfg(test)]
pub use layers::tests::with_file;
pub use session_options::{SessionOptions, SessionSettings};
pub use target::{CREDENTIALS, LIVY_LOCAL_PYTHON, LIVY_URL, Target, addresses};

use std::path::PathBuf;

use crate::settings::choices::{AfterRun, AgentPolicy};

/// How many bytes of a variable come from the session, unless the user wants another limit.
pub const DEFAULT_LOCAL_LIMIT: u64 = 500_000_000;

impl Settings {
    /// Reads when sessions get an agent: never, if a policy forbids it.
    ///
    /// # Errors
    ///
    /// The setting is not one of its choices.
    pub fn agents(&self) -> Result<AgentPolicy, SettingsError> {
        if self.forbids_agent() {
            return Ok(AgentPolicy::Never);
        }
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
        faults.extend(self.refusals());
        faults
    }

    /// Finds what a policy refuses of the settings that make sense.
    fn refusals(&self) -> impl Iterator<Item = SettingsError> {
        let target = self.wanted_target().and_then(|target| self.check_target(&target));
        let refused = [target, self.check_session()].into_iter().filter_map(Result::err);
        refused.filter(|error| error.is_refusal)
    }

    fn check(&self) -> Result<(), SettingsError> {
        self.wanted_target()?;
        self.audits()?;
        self.session_options()?;
        self.agents()?;
        self.progress()?;
        self.keeps_history()?;
        self.local_limit()?;
        Ok(())
    }

    /// Returns the Python that runs `%%local` cells, if one is named.
    pub fn local_cells_python(&self) -> Option<PathBuf> {
        self.path("LIVY_LOCAL_CELLS_PYTHON")
    }

    /// Reads how many bytes of a variable may come from the session to the Python of this machine.
    ///
    /// # Errors
    ///
    /// The setting is no size.
    pub fn local_limit(&self) -> Result<u64, SettingsError> {
        Ok(self.size("LIVY_LOCAL_MAX_BYTES")?.unwrap_or(DEFAULT_LOCAL_LIMIT))
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

    #[test]
    fn a_limit_is_a_number_with_a_unit() {
        let limit =
            |value: &str| of_variables(&[("LIVY_LOCAL_MAX_BYTES", value)]).local_limit().ok();
        let limits = ["", "1000", "20k", "500MB", "2g", " 1 TB "].map(limit);
        let expected = [500_000_000, 1000, 20_000, 500_000_000, 2_000_000_000, 1_000_000_000_000];
        assert_eq!(limits, expected.map(Some));
        for wrong in ["many", "-1", "1.5g", "2x", "99999999999999999999", "99999999999t", "g"] {
            assert_eq!(limit(wrong), None, "{wrong}");
        }
    }
}
