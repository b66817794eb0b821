use std::{fmt, time::Duration};

/// Why a request has no answer. The text says it to a person, and names the server without the
/// credentials in its address.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No HTTP client could be made, say because the system has no certificates.
    #[error("no connection can be made from here: {0}")]
    Setup(String),
    /// There was no connection, so the request certainly never arrived.
    #[error("Livy at {endpoint} cannot be reached ({reason})")]
    Unreachable {
        /// The server's address, without credentials.
        endpoint: String,
        /// What the network said.
        reason: String,
    },
    /// The request went out, but no whole answer came back: it may or may not have been carried
    /// out.
    #[error("Livy at {endpoint} did not answer ({reason})")]
    Lost {
        /// The server's address, without credentials.
        endpoint: String,
        /// What the network said.
        reason: String,
    },
    /// The server refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The server agreed, but in words that the REST API does not have: a login page, say.
    #[error(
        "{endpoint} did not answer as Livy does ({reason}): is this the address of a Livy server?"
    )]
    Unreadable {
        /// The server's address, without credentials.
        endpoint: String,
        /// What is wrong with the answer.
        reason: String,
    },
}

/// A server's refusal: its HTTP status and its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status code.
    pub status: u16,
    /// What the server said, or what the status means where it said nothing.
    pub message: String,
    /// How long the server wants to be left alone, from `Retry-After`.
    pub retry_after: Option<Duration>,
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            401 => write!(f, "Livy wants to know who asks (HTTP 401: {})", self.message),
            status => write!(f, "Livy refused: {} (HTTP {status})", self.message),
        }
    }
}

impl Error {
    /// The server's refusal, if that is what it is.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether the session or statement that was asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.status == 404)
    }

    /// Whether asking again later may help: the network or the server is in trouble, not the
    /// request. It does not say that asking *twice* is harmless.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Lost { .. } => true,
            Self::Refused(refusal) => matches!(refusal.status, 429 | 502..=504),
            Self::Setup(_) | Self::Unreadable { .. } => false,
        }
    }
}
