//! Who may ask: requests that name a loopback host and know the token.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::reply::json_reply;

/// The secret that a client must know.
#[derive(Clone)]
pub(crate) struct Token(Arc<str>);

impl Token {
    pub(crate) fn new(given: Option<String>) -> Self {
        let token = given.unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string());
        Self(token.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// As long for a near miss as for a far one, so that timing tells nothing.
    fn matches(&self, given: &[u8]) -> bool {
        let own = self.0.as_bytes();
        own.len() == given.len()
            && own.iter().zip(given).fold(0, |differences, (a, b)| differences | (a ^ b)) == 0
    }
}

/// Lets in who knows the token, and knows when somebody last did.
#[derive(Clone)]
pub(crate) struct Gate {
    token: Token,
    passed: Arc<Mutex<Instant>>,
}

impl Gate {
    pub(crate) fn new(token: Token) -> Self {
        Self { token, passed: Arc::new(Mutex::new(Instant::now())) }
    }

    /// How long ago the last request came, or the server started.
    pub(crate) fn idle_for(&self) -> Duration {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    fn passes(&self) {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

pub(crate) async fn guard(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    if !names_loopback(headers) {
        // A web page that resolved its own name to 127.0.0.1 gets no further.
        let body = json!({"msg": "This server answers only to localhost, 127.0.0.1 and [::1]."});
        return json_reply(StatusCode::FORBIDDEN, &body);
    }
    if !secret_of(headers).is_some_and(|secret| gate.token.matches(&secret)) {
        return unauthorized();
    }
    if changes_something(request.method()) && !headers.contains_key(REQUESTED_BY) {
        let body = json!({"msg": "Missing Required Header for CSRF protection."});
        return json_reply(StatusCode::BAD_REQUEST, &body);
    }
    gate.passes();
    next.run(request).await
}

/// A page on another site may send a form here, with the password that the browser remembers, but no such header.
const REQUESTED_BY: &str = "x-requested-by";

fn changes_something(method: &Method) -> bool {
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

fn secret_of(headers: &HeaderMap) -> Option<Vec<u8>> {
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
        assert_eq!(secret_of(&headers), secret.map(|secret| secret.as_bytes().to_vec()));
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
        let token = Token::new(Some("abc".into()));
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
