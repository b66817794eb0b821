//! Authentication. Each kind signs every attempt by itself, so that tokens can expire or be used only
//! once.

mod fixed;
mod from_endpoint;
mod kerberos;
mod netrc;
mod redact;
mod sigv4;
mod token_command;

use std::fmt;

use async_trait::async_trait;
use reqwest::{
    Request,
    header::{HeaderMap, HeaderValue},
};

pub use fixed::Fixed;
pub(crate) use from_endpoint::from_endpoint;
pub use kerberos::{Kerberos, KerberosOptions};
pub use netrc::{NetrcError, netrc};
pub use sigv4::{EMR_SERVERLESS, SigV4};
pub use token_command::TokenCommand;

/// A kind of authentication.
#[async_trait]
pub trait Auth: fmt::Debug + Send + Sync {
    /// Signs one attempt after everything else about it is settled. Returns a check of its answer, if one
    /// is needed.
    ///
    /// # Errors
    ///
    /// Fails if no credentials can be had.
    async fn apply(&self, request: &mut Request) -> Result<PendingCheck, AuthError>;

    /// Handles a 401 or 403. Returns whether the next attempt has fresh credentials, so that it is worth
    /// making.
    async fn on_refused(&self, _status: u16) -> bool {
        false
    }

    /// The kind's name, in words for the user.
    fn name(&self) -> &'static str;

    /// The user who logs in, if that is known here.
    fn user(&self) -> &str {
        ""
    }
}

/// The check of an attempt's answer, if one is needed.
pub type PendingCheck = Option<Box<dyn AuthCheck>>;

/// Checks the answer to one attempt.
pub trait AuthCheck: Send {
    /// Checks the status and the headers.
    ///
    /// # Errors
    ///
    /// Fails if the answer must be discarded.
    fn check(self: Box<Self>, status: u16, headers: &HeaderMap) -> Result<(), AuthError>;
}

/// Says why a request could not be signed, and what to do. The text holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AuthError {
    message: String,
    /// Whether the user can fix it while a cell runs, for example by renewing a ticket.
    pub may_pass: bool,
}

impl AuthError {
    /// Makes an error that stays until the settings change.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), may_pass: false }
    }

    /// Makes an error that the user can fix while a cell runs.
    pub fn passing(message: impl Into<String>) -> Self {
        Self { message: message.into(), may_pass: true }
    }
}

/// Sends no credentials.
#[derive(Clone, Copy, Debug)]
pub struct NoAuth;

#[async_trait]
impl Auth for NoAuth {
    async fn apply(&self, _request: &mut Request) -> Result<PendingCheck, AuthError> {
        Ok(None)
    }

    fn name(&self) -> &'static str {
        "none"
    }
}

/// Makes a header value that no log shows.
pub(crate) fn secret(value: &str) -> Result<HeaderValue, AuthError> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| AuthError::new("has characters that HTTP does not allow in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}
