use std::fmt;

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{
    Request,
    header::{AUTHORIZATION, HeaderValue},
};

use super::{Auth, AuthError, Pending, secret};

/// An `Authorization` header that stays the same: HTTP Basic, or a bearer token.
#[derive(Clone)]
pub struct Fixed {
    name: &'static str,
    value: HeaderValue,
}

impl Fixed {
    /// HTTP Basic.
    pub fn basic(user: &str, password: &str) -> Result<Self, AuthError> {
        let pair = STANDARD.encode(format!("{user}:{password}"));
        Ok(Self { name: "basic", value: secret(&format!("Basic {pair}"))? })
    }

    /// A bearer token.
    pub fn bearer(token: &str) -> Result<Self, AuthError> {
        Ok(Self { name: "bearer token", value: secret(&format!("Bearer {token}"))? })
    }
}

#[async_trait]
impl Auth for Fixed {
    async fn apply(&self, request: &mut Request) -> Result<Pending, AuthError> {
        request.headers_mut().insert(AUTHORIZATION, self.value.clone());
        Ok(None)
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
