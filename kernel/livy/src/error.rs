use std::{fmt, time::Duration};

use crate::{Ability, AuthError, TlsError};

/// Why a request has no answer. The text says it to a person, and names the server without the
/// credentials in its address.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No HTTP client could be made, say because the system has no certificates.
    #[error("no connection can be made from here: {0}")]
    Setup(String),
    /// TLS cannot be set up as it was asked for.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The server could not prove who it is, so it was told nothing.
    #[error("Livy at {endpoint} cannot be trusted: {reason}")]
    Untrusted {
        /// The server's address, without credentials.
        endpoint: String,
        /// What TLS has against it, and how to mend that.
        reason: String,
    },
    /// The server has answered, but did not prove who it is, so its answer was thrown away.
    #[error("Livy at {endpoint} {reason}")]
    Unproven {
        /// The server's address, without credentials.
        endpoint: String,
        /// What is missing, and how to mend that.
        reason: String,
    },
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
    /// The request could not be signed, so it was not sent.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The server does not have this part of the REST API, as it said before or is known for.
    #[error("this Livy server has no {0}")]
    Lacking(Ability),
    /// The server refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The answer is larger than what can be held here.
    #[error("the answer of Livy at {endpoint} is larger than {} MB", limit / 1_000_000)]
    TooLarge {
        /// The server's address, without credentials.
        endpoint: String,
        /// How many bytes an answer may have.
        limit: usize,
    },
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

/// What became of a request without a good answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nobody was there to take it.
    NeverArrived,
    /// The server had no time to look at it.
    TurnedAway,
    /// It may have been carried out.
    Unknown,
    /// It has its answer, or was never to be sent: there is nothing to gain from another attempt.
    Answered,
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
    /// Whether it was said in JSON, as Livy does, rather than by something in front of it.
    pub is_livys: bool,
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
            Self::Auth(error) => error.may_pass,
            _ => false,
        }
    }

    /// Whether the server wants to know who asks, or does not believe it.
    pub fn is_unauthorized(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.status == 401)
    }

    /// Whether the server wants fewer requests.
    pub fn is_throttled(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.status == 429)
    }

    /// What became of the request.
    pub fn fate(&self) -> Fate {
        match self {
            Self::Unreachable { .. } => Fate::NeverArrived,
            Self::Auth(error) if error.may_pass => Fate::NeverArrived,
            // The server may have said yes, and what stands in front of it something else.
            Self::Lost { .. }
            | Self::Unproven { .. }
            | Self::Unreadable { .. }
            | Self::TooLarge { .. } => Fate::Unknown,
            Self::Refused(refusal) => match refusal.status {
                429 => Fate::TurnedAway,
                // A gateway says so of a server that may have carried it out.
                502..=504 => Fate::Unknown,
                _ => Fate::Answered,
            },
            _ => Fate::Answered,
        }
    }
}
