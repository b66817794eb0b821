//! What the kernel asks the agent about the packages of the driver's Python.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::json;

use crate::agent::{client::Agent, error::AgentError};

/// The driver's Python, as wheels are chosen for it.
#[derive(Debug, Deserialize)]
pub struct DriverPython {
    /// Its version, such as `3.11`.
    pub version: String,
    /// Its [ABI tag](https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/).
    pub abi: String,
    /// The platform tags of wheels that fit it, the best first.
    pub platforms: Vec<String>,
    /// What the
    /// [environment markers](https://packaging.python.org/en/latest/specifications/dependency-specifiers/) of
    /// packages mean there.
    pub markers: BTreeMap<String, String>,
    /// The packages that it has, with their versions.
    pub packages: HashMap<String, String>,
    /// It in words, for the user.
    pub words: String,
    /// Whether pip is there.
    pub has_pip: bool,
    /// The folder of the driver to which wheels are carried.
    pub wheels: String,
}

impl Agent {
    /// Has `%pip` refuse to do anything, for this reason.
    pub async fn refuse_packages(&self, why: &str) -> Result<(), AgentError> {
        self.repeat("refuse_packages", &json!([why])).await
    }

    /// Describes the driver's Python.
    pub async fn describe_python(&self) -> Result<DriverPython, AgentError> {
        self.repeat("describe_python", &json!([])).await
    }
}
