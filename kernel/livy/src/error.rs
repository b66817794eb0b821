use std::{fmt, time::Duration};

use crate::{AuthError, Difference, Feature, Id, TlsError};

/// Says why a request has no usable answer. The text is meant for the user, and names the server
/// without the credentials in its address.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The HTTP client cannot be set up, for example because the system has no certificates.
    #[error("no HTTP client can be set up on this machine: {0}")]
    Setup(String),
    /// TLS cannot be set up with the given options.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The server's certificate is not trusted, so the request was not sent.
    #[error("Livy at {endpoint} cannot be trusted: {reason}")]
    Untrusted {
        /// The server's address, without credentials.
        endpoint: String,
        /// Why TLS does not trust it, and what to do.
        reason: String,
    },
    /// The server has answered without proving who it is, so its answer was discarded.
    #[error("Livy at {endpoint} {reason}")]
    Unproven {
        /// The server's address, without credentials.
        endpoint: String,
        /// What is missing, and what to do.
        reason: String,
    },
    /// No connection could be made, so the request certainly never arrived.
    #[error("Livy at {endpoint} cannot be reached ({reason})")]
    Unreachable {
        /// The server's address, without credentials.
        endpoint: String,
        /// The network's error.
        reason: String,
    },
    /// The request was sent, but no whole answer arrived: it may or may not have been carried out.
    #[error("Livy at {endpoint} did not answer ({reason})")]
    Lost {
        /// The server's address, without credentials.
        endpoint: String,
        /// The network's error.
        reason: String,
    },
    /// The request could not be signed, so it was not sent.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The server lacks this part of the REST API, by its profile or by an earlier answer.
    #[error("this Livy server has no {0}")]
    MissingFeature(Feature),
    /// The server refused the request.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The server has another session with this id, which the request was not sent to.
    #[error("session {id} of Livy at {endpoint} is another one now: {difference}")]
    AnotherSession {
        /// The server's address, without credentials.
        endpoint: String,
        /// The id that both sessions have.
        id: Id,
        /// How they differ.
        difference: Difference,
    },
    /// Looking at the session failed with this error, so the request was not sent to it.
    #[error("{0}")]
    NotSent(Box<Error>),
    /// The answer is too large to be held in memory.
    #[error("the answer of Livy at {endpoint} is larger than {} MB", limit / 1_000_000)]
    TooLarge {
        /// The server's address, without credentials.
        endpoint: String,
        /// How many bytes this answer may have.
        limit: usize,
    },
    /// The server answered with success, but not as the REST API promises, for example with a login page.
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

/// A user notices waits of this length.
const NOTICEABLE_WAIT: Duration = Duration::from_secs(5);

/// What became of a request that has no usable answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It never reached the server.
    NeverArrived,
    /// The server was too busy to look at it.
    TurnedAway,
    /// It may have been carried out.
    Unknown,
    /// It was answered, or cannot be sent at all; another attempt would not help.
    Answered,
}

/// A server's refusal: its HTTP status and its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status code.
    pub status: u16,
    /// The server's message, or the meaning of the status if it sent none.
    pub message: String,
    /// How long the server wants no further request, from `Retry-After`;
    /// [`MAX_RETRY_AFTER`](crate::MAX_RETRY_AFTER) at most.
    pub retry_after: Option<Duration>,
    /// Whether the body was JSON, so that it is Livy's own and not that of a gateway.
    pub is_livys: bool,
}

impl std::error::Error for Refusal {}

impl Refusal {
    /// Whether the server has no such route. A Livy that has it says in JSON what it does not find.
    pub(crate) fn is_missing_route(&self) -> bool {
        match self.status {
            404 => !self.is_livys,
            405 | 501 => true,
            _ => false,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            401 => write!(f, "Livy demands a login (HTTP 401: {})", self.message)?,
            status => write!(f, "Livy refused: {} (HTTP {status})", self.message)?,
        }
        match self.retry_after.filter(|&wait| wait >= NOTICEABLE_WAIT) {
            Some(wait) => write!(f, "; it asks to be left alone for {} s", wait.as_secs()),
            None => Ok(()),
        }
    }
}

impl Error {
    /// Returns the server's refusal, if the error is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::NotSent(error) => error.refusal(),
            _ => None,
        }
    }

    /// Returns how long the server wants no further request, if it says so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.refusal()?.retry_after
    }

    /// Whether the requested session, statement, batch or job does not exist.
    pub fn is_not_found(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.status == 404)
    }

    /// Whether the same request may succeed later, because the network or the server is at fault. Whether
    /// sending it *twice* is harmless is another question.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Lost { .. } => true,
            Self::Refused(refusal) => matches!(refusal.status, 429 | 502..=504),
            Self::Auth(error) => error.may_pass,
            Self::NotSent(error) => error.is_temporary(),
            _ => false,
        }
    }

    /// Whether no connection to the server could be made, so that it has certainly not got the request.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Untrusted { .. })
    }

    /// Whether the server demands a login, or refuses the one it got.
    pub fn is_unauthorized(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.status == 401)
    }

    /// Whether the server does not accept who asks, or does not prove who it is.
    pub fn is_about_login(&self) -> bool {
        match self {
            Self::Auth(_) | Self::Unproven { .. } | Self::Untrusted { .. } => true,
            Self::NotSent(error) => error.is_about_login(),
            _ => self.is_unauthorized(),
        }
    }

    /// Whether the server is too busy, and asks for fewer requests or says when it is back.
    pub fn is_throttled(&self) -> bool {
        self.refusal().is_some_and(|refusal| {
            refusal.status == 429 || refusal.status == 503 && refusal.retry_after.is_some()
        })
    }

    /// Returns what became of the request.
    pub fn fate(&self) -> Fate {
        match self {
            Self::Unreachable { .. } | Self::NotSent(_) => Fate::NeverArrived,
            Self::Auth(error) if error.may_pass => Fate::NeverArrived,
            // The server may have agreed, and a gateway in front of it have said something else.
            Self::Lost { .. }
            | Self::Unproven { .. }
            | Self::Unreadable { .. }
            | Self::TooLarge { .. } => Fate::Unknown,
            Self::Refused(refusal) => match refusal.status {
                429 => Fate::TurnedAway,
                // A gateway answers this for a server that may have carried it out.
                502..=504 => Fate::Unknown,
                _ => Fate::Answered,
            },
            _ => Fate::Answered,
        }
    }
}
