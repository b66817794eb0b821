//! Who asks. Each kind of authentication signs every attempt by itself, so that tokens which expire
//! or may be used only once have their place.

mod fixed;
mod kerberos;
mod netrc;
mod sigv4;
mod token_command;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use reqwest::{
    Request,
    header::{HeaderMap, HeaderValue},
};

use crate::{Endpoint, endpoint::Credentials};
pub use fixed::Fixed;
pub use kerberos::{Kerberos, KerberosOptions};
pub use netrc::{NetrcError, netrc};
pub use sigv4::{EMR_SERVERLESS, SigV4};
pub use token_command::TokenCommand;

/// A way to say who asks.
#[async_trait]
pub trait Auth: fmt::Debug + Send + Sync {
    /// Signs one attempt, after everything else about it is settled; and may want to see its answer.
    async fn apply(&self, request: &mut Request) -> Result<Pending, AuthError>;

    /// The server answered 401 or 403. Whether there are fresh credentials now, so that one more
    /// attempt makes sense.
    async fn on_refused(&self, _status: u16) -> bool {
        false
    }

    /// What it is called, to a person.
    fn name(&self) -> &'static str;
}

/// Who wants to see the answer to an attempt, if anybody does.
pub type Pending = Option<Box<dyn Answer>>;

/// Sees the answer to one attempt.
pub trait Answer: Send {
    /// Looks at its beginning; an error throws it away.
    fn see(self: Box<Self>, status: u16, headers: &HeaderMap) -> Result<(), AuthError>;
}

/// Why a request could not be signed, with what to do about it; never with a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct AuthError {
    what: String,
    /// Whether somebody may mend it while a cell runs, say by renewing a ticket.
    pub may_pass: bool,
}

impl AuthError {
    /// One that stays until the settings change.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), may_pass: false }
    }

    /// One that may be mended from outside.
    pub fn passing(what: impl Into<String>) -> Self {
        Self { what: what.into(), may_pass: true }
    }
}

/// Says nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoAuth;

#[async_trait]
impl Auth for NoAuth {
    async fn apply(&self, _request: &mut Request) -> Result<Pending, AuthError> {
        Ok(None)
    }

    fn name(&self) -> &'static str {
        "none"
    }
}

/// What an address says of who asks.
pub(crate) fn of(endpoint: &Endpoint) -> Result<Arc<dyn Auth>, AuthError> {
    Ok(match endpoint.credentials() {
        Credentials::None => match SigV4::region_of(endpoint) {
            Some(region) => Arc::new(SigV4::new(EMR_SERVERLESS, region)?),
            None => Arc::new(NoAuth),
        },
        Credentials::Basic { user, password } => Arc::new(Fixed::basic(user, password)?),
        Credentials::Bearer(token) => Arc::new(Fixed::bearer(token)?),
    })
}

/// A header value that no log shows.
pub(crate) fn secret(value: &str) -> Result<HeaderValue, AuthError> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| AuthError::new("holds characters that no header can hold"))?;
    value.set_sensitive(true);
    Ok(value)
}
