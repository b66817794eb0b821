//! Who asks. Each kind of authentication signs every attempt by itself, so that tokens which expire
//! or may be used only once have their place.

mod fixed;
mod netrc;
mod token_command;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use reqwest::{Request, header::HeaderValue};

use crate::endpoint::Credentials;
pub use fixed::Fixed;
pub use netrc::{NetrcError, netrc};
pub use token_command::TokenCommand;

/// A way to say who asks.
#[async_trait]
pub trait Auth: fmt::Debug + Send + Sync {
    /// Signs one attempt, after everything else about it is settled.
    async fn apply(&self, request: &mut Request) -> Result<(), AuthError>;

    /// The server answered 401. Whether there are fresh credentials now, so that one more attempt
    /// makes sense.
    async fn on_unauthorized(&self) -> bool {
        false
    }

    /// What it is called, to a person.
    fn name(&self) -> &'static str;
}

/// Why a request could not be signed, with what to do about it; never with a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AuthError(pub String);

/// Says nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoAuth;

#[async_trait]
impl Auth for NoAuth {
    async fn apply(&self, _request: &mut Request) -> Result<(), AuthError> {
        Ok(())
    }

    fn name(&self) -> &'static str {
        "none"
    }
}

/// What an address says of who asks.
pub(crate) fn of(credentials: &Credentials) -> Result<Arc<dyn Auth>, AuthError> {
    Ok(match credentials {
        Credentials::None => Arc::new(NoAuth),
        Credentials::Basic { user, password } => Arc::new(Fixed::basic(user, password)?),
        Credentials::Bearer(token) => Arc::new(Fixed::bearer(token)?),
    })
}

/// A header value that no log shows.
pub(crate) fn secret(value: &str) -> Result<HeaderValue, AuthError> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| AuthError("holds characters that no header can hold".into()))?;
    value.set_sensitive(true);
    Ok(value)
}
