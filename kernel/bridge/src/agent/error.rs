//! The errors of a call of the agent.

use std::time::Duration;

use livy_client::Error;

use crate::agent::pickle::Unreadable;

/// A call that failed is repeated after this time, unless the server asks for more.
const AGENT_RETRY_PAUSE: Duration = Duration::from_millis(200);

/// Why a call of the agent failed.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The server does not answer, or cannot run jobs.
    #[error(transparent)]
    Livy(#[from] Error),
    /// The job raised an exception, or the agent answered with an error.
    #[error("the job failed: {0}")]
    JobFailed(String),
    /// The agent does not do it, for a reason that the user may be told.
    #[error("{0}")]
    Refused(String),
    /// Livy has lost the job's number: it notes those of several requests at once without care.
    #[error("Livy has forgotten the job")]
    Forgotten,
    /// The job did not end in time.
    #[error("the session did not answer in time")]
    TimedOut,
    /// The job's result is not an answer of an agent.
    #[error("the session's answer makes no sense: {0}")]
    InvalidAnswer(String),
}

impl From<Unreadable> for AgentError {
    fn from(error: Unreadable) -> Self {
        Self::InvalidAnswer(error.to_string())
    }
}

impl AgentError {
    /// Returns whether the session's Python, rather than Livy, failed to answer.
    pub fn is_from_python(&self) -> bool {
        matches!(self, Self::JobFailed(_) | Self::TimedOut)
    }

    /// Returns whether the same call may succeed a moment later.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Livy(error) => error.is_temporary(),
            Self::TimedOut | Self::Forgotten => true,
            Self::JobFailed(_) | Self::Refused(_) | Self::InvalidAnswer(_) => false,
        }
    }

    /// Returns how long to wait before the call is repeated.
    pub fn retry_pause(&self) -> Duration {
        match self {
            Self::Livy(error) => error.retry_after().unwrap_or_default().max(AGENT_RETRY_PAUSE),
            _ => AGENT_RETRY_PAUSE,
        }
    }
}
