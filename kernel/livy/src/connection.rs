//! Makes one attempt at a request: signs and sends it, and receives its answer to the end.

use std::time::Duration;

use reqwest::{Response, Url};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::{
    AuthError, Error, Options, Request,
    address_changes::AddressChanges,
    http::{self, root_cause},
    receive::{self, Broken},
    redirect,
    route::Route,
    tls,
};

/// The reason given for an answer that does not begin or end in time.
const LATE: &str = "no answer in time";
/// Limits signing. Token commands and Kerberos have their own, shorter limits, but a library may
/// hang.
const SIGNING_TIMEOUT: Duration = Duration::from_secs(60);

/// The way to one server.
#[derive(Debug)]
pub(crate) struct Connection {
    http: reqwest::Client,
    pub options: Options,
    pub address_changes: AddressChanges,
}

/// Why an attempt has no usable answer, and where the server sends its client instead, if it does.
pub(crate) struct Failure {
    pub error: Error,
    pub redirect: Option<Url>,
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { error: error.into(), redirect: None }
    }
}

/// The cookies of one server on a client's route.
#[derive(Clone, Copy)]
pub(crate) struct Cookies<'a> {
    pub route: &'a Route,
    pub server: usize,
}

impl Connection {
    pub fn new(options: Options) -> Result<Self, Error> {
        let http = http::client(&options)?;
        Ok(Self { http, options, address_changes: AddressChanges::default() })
    }

    /// Asks once, or twice after a 401 that may only mean that a token has expired.
    pub async fn attempt<T: DeserializeOwned>(
        &self,
        request: &Request<T>,
        cookies: Cookies<'_>,
    ) -> Result<T, Failure> {
        match self.attempt_once(request, cookies).await {
            Err(failure) if self.has_fresh_credentials_after(&failure.error).await => {
                self.turn().await;
                self.attempt_once(request, cookies).await
            }
            result => result,
        }
    }

    /// Waits until the server may be asked.
    pub async fn turn(&self) {
        if let Some(pace) = &self.options.pace {
            pace.turn().await;
        }
    }

    /// Asks the authentication only about requests that were refused unread: a login comes before
    /// all else.
    async fn has_fresh_credentials_after(&self, error: &Error) -> bool {
        match error.refusal() {
            Some(refusal) if matches!(refusal.status, 401 | 403) => {
                self.options.auth.on_refused(refusal.status).await
            }
            _ => false,
        }
    }

    async fn attempt_once<T: DeserializeOwned>(
        &self,
        request: &Request<T>,
        cookies: Cookies<'_>,
    ) -> Result<T, Failure> {
        let mut signed = http::request(&self.http, &self.options, request)?;
        let signing = timeout(SIGNING_TIMEOUT, self.options.auth.apply(&mut signed)).await;
        let check = signing.map_err(|_| unsigned())??;
        cookies.route.sign(cookies.server, &mut signed, &self.options.headers);
        let url = signed.url().clone();
        let response = self.respond(signed, request.answer_within).await?;
        if let Some(check) = check {
            let checked = check.check(response.status().as_u16(), response.headers());
            checked.map_err(|error| Error::Unproven {
                endpoint: self.endpoint(),
                reason: error.to_string(),
            })?;
        }
        let (status, headers) = (response.status(), response.headers().clone());
        // A refusal may come from a Livy that does not have the session: it pins the client to none.
        if status.is_success() {
            cookies.route.receive(cookies.server, &url, &headers);
        }
        let received = receive::whole(response, request.size, &self.options.timeouts).await;
        let reply = received.map_err(|broken| self.broken(broken))?;
        let redirect = redirect::target(status.as_u16(), &url, &headers);
        reply.parse(&self.options.endpoint).map_err(|error| Failure { error, redirect })
    }

    async fn respond(&self, signed: reqwest::Request, within: Duration) -> Result<Response, Error> {
        let response = timeout(within, self.http.execute(signed)).await;
        let response =
            response.map_err(|_| self.lost(LATE))?.map_err(|error| self.failure(&error))?;
        if let Some(address) = response.remote_addr() {
            self.address_changes.record(address.ip());
        }
        Ok(response)
    }

    fn endpoint(&self) -> String {
        self.options.endpoint.to_string()
    }

    fn broken(&self, broken: Broken) -> Error {
        match broken {
            Broken::Connection(error) => self.failure(&error),
            Broken::Late => self.lost(LATE),
            Broken::TooLarge(limit) => Error::TooLarge { endpoint: self.endpoint(), limit },
        }
    }

    fn failure(&self, error: &reqwest::Error) -> Error {
        if let Some(reason) = tls::objection(error) {
            return Error::Untrusted { endpoint: self.endpoint(), reason };
        }
        let reason = match error.is_timeout() {
            true => LATE.to_owned(),
            false => root_cause(error),
        };
        match error.is_connect() {
            true => Error::Unreachable { endpoint: self.endpoint(), reason },
            false => self.lost(&reason),
        }
    }

    fn lost(&self, reason: &str) -> Error {
        Error::Lost { endpoint: self.endpoint(), reason: reason.to_owned() }
    }
}

fn unsigned() -> AuthError {
    AuthError::passing(format!(
        "signing the request took longer than {} s",
        SIGNING_TIMEOUT.as_secs()
    ))
}
