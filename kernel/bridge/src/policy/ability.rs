//! What a policy can forbid altogether. Pure.

use serde::Deserialize;

/// Something that the program can do, and that a policy can forbid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ability {
    /// Files and variables go between this machine and the session.
    Transfers,
    /// `%pip` installs packages.
    Pip,
    /// A session or batch brings code: jars, Python files, archives, images.
    Jars,
    /// The agent is installed in sessions.
    Agent,
    /// Batches are submitted.
    Batches,
    /// The kernel uses sessions that it has not started.
    Attach,
    /// `%%local` cells run on this machine.
    Local,
}

impl Ability {
    /// The word in the file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Transfers => "transfers",
            Self::Pip => "pip",
            Self::Jars => "jars",
            Self::Agent => "agent",
            Self::Batches => "batches",
            Self::Attach => "attach",
            Self::Local => "local",
        }
    }
}
