use std::{path::PathBuf, sync::Arc, time::Duration};

use reqwest::header::{HeaderMap, HeaderName};

use crate::{
    Auth, AuthError, Endpoint, Pace, Profile, ResendPolicy, Tls,
    auth::{from_endpoint, secret},
};

/// How a [`Client`](crate::Client) asks its server.
#[derive(Clone, Debug)]
pub struct Options {
    /// The server's address.
    pub endpoint: Endpoint,
    /// Signs each attempt.
    pub auth: Arc<dyn Auth>,
    /// Headers sent with every request.
    pub headers: HeaderMap,
    /// Time limits of each attempt.
    pub timeouts: Timeouts,
    /// Decides how long failed requests are sent again.
    pub resend: ResendPolicy,
    /// The make of the server.
    pub profile: Profile,
    /// Which certificates are trusted and shown.
    pub tls: Tls,
    /// [The user to act for](https://livy.apache.org/docs/latest/rest-api.html#proxy-user---doas-support),
    /// on every request.
    pub do_as: Option<String>,
    /// The Unix socket at which the endpoint answers, instead of its port.
    pub socket: Option<PathBuf>,
    /// Says when the server may be asked next.
    pub pace: Option<Arc<dyn Pace>>,
    /// Further servers in the order in which they are asked, if the ones before them cannot be reached.
    /// Each has its own credentials; the first server's `resend` counts for all.
    pub others: Vec<Options>,
}

impl Options {
    /// Takes the defaults; the address decides the authentication and the [`Profile`].
    ///
    /// # Errors
    ///
    /// Fails if the credentials in the address cannot be sent in a header, or if AWS's credentials
    /// cannot be looked for.
    pub fn new(endpoint: Endpoint) -> Result<Self, AuthError> {
        Ok(Self {
            auth: from_endpoint(&endpoint)?,
            profile: Profile::guess(&endpoint),
            endpoint,
            headers: HeaderMap::new(),
            timeouts: Timeouts::default(),
            resend: ResendPolicy::default(),
            tls: Tls::default(),
            do_as: None,
            socket: None,
            pace: None,
            others: Vec::new(),
        })
    }

    /// Adds a header to every request. Its value is treated as a secret.
    ///
    /// # Errors
    ///
    /// Fails if HTTP forbids the name or the value.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Self, AuthError> {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| AuthError::new("has a name that HTTP does not allow"))?;
        self.headers.insert(name, secret(value)?);
        Ok(self)
    }
}

/// Time limits of one attempt at a request. How soon its answer must begin is up to the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Limits how long it takes to connect.
    pub connect: Duration,
    /// Limits the time between two pieces of an answer.
    pub read: Duration,
    /// Limits the time from an answer's beginning to its end. An answer that may be large gets as
    /// much time again for each megabyte that has arrived.
    pub whole: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(60),
            whole: Duration::from_secs(60),
        }
    }
}
