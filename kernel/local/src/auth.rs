//! Authentication: a request must name a loopback host and send the token.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::{listener::Connection, lock::lock, reply::json_reply};

/// A page on another site may send a form here, with the password that the browser remembers, but never this header.
const REQUESTED_BY: &str = "x-requested-by";

/// A secret that clients must send.
#[derive(Clone)]
pub(crate) struct Token(Arc<str>);

impl Token {
    pub(crate) fn random() -> Self {
        Self(Uuid::new_v4().simple().to_string().into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares in constant time, so that timing does not reveal how much of `given` is right.
    pub(crate) fn matches(&self, given: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(given).into()
    }
}

impl From<String> for Token {
    fn from(token: String) -> Self {
        Self(token.into())
    }
}

/// Checks requests for the token, and knows when the last good one came.
#[derive(Clone)]
pub(crate) struct Authenticator {
    token: Token,
    last_request: Arc<Mutex<Instant>>,
}

impl Authenticator {
    pub(crate) fn new(token: Token) -> Self {
        Self { token, last_request: Arc::new(Mutex::new(Instant::now())) }
    }

    /// Returns the time since the last authenticated request, or since the start of the server.
    pub(crate) fn idle_for(&self) -> Duration {
        lock(&self.last_request).elapsed()
    }

    /// Lets the connection of a request that has shown a secret stay open. Returns false if the connection was
    /// evicted before: the request must then not be obeyed.
    pub(crate) fn accept(&self, request: &Request) -> bool {
        let may_stay = request.extensions().get().is_none_or(Connection::authenticate);
        if may_stay {
            *lock(&self.last_request) = Instant::now();
        }
        may_stay
    }
}

/// Refuses requests that name another host: a web page may have its own name resolve to 127.0.0.1.
pub(crate) async fn only_loopback(request: Request, next: Next) -> Response {
    if !names_loopback(request.headers()) {
        let body = json!({"msg": "This server answers only to localhost, 127.0.0.1 and [::1]."});
        return json_reply(StatusCode::FORBIDDEN, &body);
    }
    next.run(request).await
}

/// Refuses requests without the token, and those that a form on another site may have sent.
pub(crate) async fn require_token(
    State(authenticator): State<Authenticator>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    if !sent_secret(headers).is_some_and(|secret| authenticator.token.matches(&secret)) {
        return unauthorized();
    }
    if has_side_effects(request.method()) && !headers.contains_key(REQUESTED_BY) {
        let body = json!({"msg": "Missing Required Header for CSRF protection."});
        return json_reply(StatusCode::BAD_REQUEST, &body);
    }
    if !authenticator.accept(&request) {
        return evicted();
    }
    next.run(request).await
}

/// Answers a request whose connection had to end before it showed the token.
pub(crate) fn evicted() -> Response {
    let body = json!({"msg": "Too many connections have not sent the token yet. Try again."});
    json_reply(StatusCode::SERVICE_UNAVAILABLE, &body)
}

fn has_side_effects(method: &Method) -> bool {
    ![Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

fn unauthorized() -> Response {
    let text = "Send this server's token: 'Authorization: Bearer TOKEN', or TOKEN as the password of HTTP Basic.";
    let mut response = json_reply(StatusCode::UNAUTHORIZED, &json!({"msg": text}));
    let challenge = HeaderValue::from_static("Basic realm=\"livy-local\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}

fn names_loopback(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|loopback| name.eq_ignore_ascii_case(loopback))
}

fn sent_secret(headers: &HeaderMap) -> Option<Vec<u8>> {
    let (scheme, value) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(value.trim().as_bytes().to_vec());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let credentials = STANDARD.decode(value.trim()).ok()?;
    let colon = credentials.iter().position(|&byte| byte == b':')?;
    Some(credentials[colon + 1..].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[track_caller]
    fn check_secret(authorization: &str, secret: Option<&str>) {
        let headers = headers(header::AUTHORIZATION, authorization);
        assert_eq!(sent_secret(&headers), secret.map(|secret| secret.as_bytes().to_vec()));
    }

    #[test]
    fn the_secret_is_a_bearer_token_or_a_basic_password() {
        check_secret("Bearer abc", Some("abc"));
        check_secret("bearer abc", Some("abc"));
        check_secret(&format!("Basic {}", STANDARD.encode("anyone:a:b")), Some("a:b"));
        check_secret(&format!("Basic {}", STANDARD.encode("no-colon")), None);
        check_secret("Basic %%%", None);
        check_secret("Negotiate abc", None);
        check_secret("Bearer", None);
    }

    #[test]
    fn only_the_whole_token_matches() {
        let token = Token::from("abc".to_owned());
        assert!(token.matches(b"abc"));
        assert!(
            !token.matches(b"abd")
                && !token.matches(b"ab")
                && !token.matches(b"abcd")
                && !token.matches(b"")
        );
    }

    #[test]
    fn only_loopback_hosts_are_answered() {
        for host in ["localhost", "LOCALHOST:8998", "127.0.0.1:1", "[::1]:8998", "[::1]"] {
            assert!(names_loopback(&headers(header::HOST, host)), "{host}");
        }
        for host in
            ["evil.example", "127.0.0.1.evil.example:80", "localhost:80:80", "10.0.0.1:8998", ""]
        {
            assert!(!names_loopback(&headers(header::HOST, host)), "{host}");
        }
        assert!(!names_loopback(&HeaderMap::new()));
    }
}
