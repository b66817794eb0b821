//! Who asks. Each kind of authentication signs every attempt by itself, so that tokens which expire
//! or may be used only once have their place.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use reqwest::{
    Request,
    header::{AUTHORIZATION, HeaderValue},
};

use crate::endpoint::Credentials;

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

/// An `Authorization` header that stays the same: HTTP Basic, or a bearer token.
#[derive(Clone)]
pub struct Fixed {
    name: &'static str,
    value: HeaderValue,
}

impl Fixed {
    /// HTTP Basic.
    pub fn basic(user: &str, password: &str) -> Result<Self, AuthError> {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let pair = STANDARD.encode(format!("{user}:{password}"));
        Ok(Self { name: "basic", value: secret(&format!("Basic {pair}"))? })
    }

    /// A bearer token.
    pub fn bearer(token: &str) -> Result<Self, AuthError> {
        Ok(Self { name: "bearer token", value: secret(&format!("Bearer {token}"))? })
    }
}

/// A header value that no log shows.
pub(crate) fn secret(value: &str) -> Result<HeaderValue, AuthError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        AuthError("the password or token has characters that no header can hold".into())
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[async_trait]
impl Auth for Fixed {
    async fn apply(&self, request: &mut Request) -> Result<(), AuthError> {
        request.headers_mut().insert(AUTHORIZATION, self.value.clone());
        Ok(())
    }

    fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Debug for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
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
