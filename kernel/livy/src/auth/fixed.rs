use std::fmt;

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{
    Request,
    header::{AUTHORIZATION, HeaderValue},
};

use super::{Auth, AuthError, PendingCheck, secret};

/// Sends the same `Authorization` header with every request: HTTP Basic or a bearer token.
#[derive(Clone)]
pub struct Fixed {
    name: &'static str,
    user: String,
    value: HeaderValue,
}

impl Fixed {
    /// Uses [HTTP Basic](https://www.rfc-editor.org/rfc/rfc7617).
    ///
    /// # Errors
    ///
    /// Never fails in practice: Base64 has no character that a header cannot have.
    pub fn basic(user: &str, password: &str) -> Result<Self, AuthError> {
        let pair = STANDARD.encode(format!("{user}:{password}"));
        let value = secret(&format!("Basic {pair}"))?;
        Ok(Self { name: "basic", user: user.to_owned(), value })
    }

    /// Uses a [bearer token](https://www.rfc-editor.org/rfc/rfc6750).
    ///
    /// # Errors
    ///
    /// Fails if the token has characters that HTTP does not allow in a header.
    pub fn bearer(token: &str) -> Result<Self, AuthError> {
        let value = secret(&format!("Bearer {token}"))?;
        Ok(Self { name: "bearer token", user: String::new(), value })
    }
}

#[async_trait]
impl Auth for Fixed {
    async fn apply(&self, request: &mut Request) -> Result<PendingCheck, AuthError> {
        request.headers_mut().insert(AUTHORIZATION, self.value.clone());
        Ok(None)
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn user(&self) -> &str {
        &self.user
    }
}

impl fmt::Debug for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
