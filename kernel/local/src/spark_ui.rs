//! Shows the Spark UI of a session at an address that cannot be guessed, `/ui/KEY/…`, since a browser that follows a
//! link sends no token. A cookie would be sent to every server on this machine, whatever its port.

use std::{fmt, net::SocketAddr};

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderValue, Request, Response,
        header::{
            ACCEPT, ACCEPT_ENCODING, CONNECTION, HOST, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION,
            REFERRER_POLICY, SET_COOKIE, TRANSFER_ENCODING,
        },
    },
};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::TcpStream;

use crate::auth::Token;

/// The address of one session's Spark UI on this server.
pub(crate) struct SparkUiLink {
    key: Token,
    server_url: String,
}

impl SparkUiLink {
    pub(crate) fn new(server_url: &str) -> Self {
        Self { key: Token::random(), server_url: server_url.to_owned() }
    }

    pub(crate) fn key(&self) -> &str {
        self.key.as_str()
    }

    /// Returns the URL that the user opens in a browser.
    pub(crate) fn url(&self) -> String {
        format!("{}{}/", self.server_url, prefix(self.key()))
    }

    pub(crate) fn has_key(&self, key: &str) -> bool {
        self.key.matches(key.as_bytes())
    }
}

impl fmt::Debug for SparkUiLink {
    /// Leaves out the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SparkUiLink").field("server_url", &self.server_url).finish_non_exhaustive()
    }
}

fn prefix(key: &str) -> String {
    format!("/ui/{key}")
}

/// Why a page of the Spark UI cannot be shown.
#[derive(Debug, Error)]
pub(crate) enum ProxyError {
    #[error("its address is not one of this machine")]
    NotLoopback,
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
    #[error("{0}")]
    Malformed(#[from] axum::http::Error),
}

/// Forwards a request for `/ui/KEY/…` to the Spark UI at `spark_url`.
pub(crate) async fn forward(
    spark_url: &str,
    key: &str,
    request: Request<Body>,
) -> Result<Response<Body>, ProxyError> {
    let authority = spark_url.strip_prefix("http://").ok_or(ProxyError::NotLoopback)?;
    let address: SocketAddr = authority.parse().map_err(|_| ProxyError::NotLoopback)?;
    if !address.ip().is_loopback() {
        return Err(ProxyError::NotLoopback);
    }
    let request = request_to_spark(authority, key, &request)?;
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    // An error of the connection is also one of the answer or of its body.
    tokio::spawn(connection);
    let answer = sender.send_request(request).await?;
    Ok(rewritten(&prefix(key), answer.map(Body::new)))
}

/// Makes the request to Spark. It has no header that is meant for this server, and a context for Spark's links.
fn request_to_spark(
    authority: &str,
    key: &str,
    request: &Request<Body>,
) -> Result<Request<Body>, axum::http::Error> {
    let prefix = prefix(key);
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let path = path.strip_prefix(&prefix).filter(|path| path.starts_with('/')).unwrap_or("/");
    let mut forwarded = Request::builder().method(request.method()).uri(path);
    for name in [ACCEPT, ACCEPT_ENCODING, IF_MODIFIED_SINCE, IF_NONE_MATCH] {
        if let Some(value) = request.headers().get(&name) {
            forwarded = forwarded.header(name, value);
        }
    }
    forwarded
        .header(HOST, authority)
        .header("x-forwarded-context", prefix)
        .header("x-livy-local-key", key)
        .body(Body::empty())
}

fn rewritten(prefix: &str, mut answer: Response<Body>) -> Response<Body> {
    let headers = answer.headers_mut();
    for name in [CONNECTION, TRANSFER_ENCODING, SET_COOKIE] {
        headers.remove(name);
    }
    // The address contains the key, so no other site may learn it.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Some(location) = redirect_target(prefix, headers) {
        headers.insert(LOCATION, location);
    }
    answer
}

/// Puts the target of a redirect below `prefix`, which Spark leaves out when it redirects from its root.
fn redirect_target(prefix: &str, headers: &HeaderMap) -> Option<HeaderValue> {
    let location = headers.get(LOCATION)?.to_str().ok()?.strip_prefix("http://")?;
    let path = location.find('/').map_or("/", |slash| &location[slash..]);
    let path = path.strip_prefix(prefix).unwrap_or(path);
    HeaderValue::from_str(&format!("{prefix}{path}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spark_gets_the_path_below_the_key_and_no_cookie() {
        let forwarded = |uri: &str| {
            let request = Request::builder().uri(uri).header("cookie", "a=b");
            let request = request.body(Body::empty()).unwrap();
            let forwarded = request_to_spark("127.0.0.1:4040", "k", &request).unwrap();
            assert_eq!(forwarded.headers()["x-forwarded-context"], "/ui/k");
            assert!(!forwarded.headers().contains_key("cookie"));
            forwarded.uri().to_string()
        };
        assert_eq!(forwarded("/ui/k/SQL/execution/?id=1%20"), "/SQL/execution/?id=1%20");
        assert_eq!(forwarded("/ui/k"), "/");
    }

    #[test]
    fn redirections_stay_below_the_key() {
        let location = |to: &str| {
            let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_str(to).unwrap())]);
            redirect_target("/ui/k", &headers).unwrap()
        };
        assert_eq!(location("http://127.0.0.1:4040/jobs/"), "/ui/k/jobs/");
        assert_eq!(location("http://127.0.0.1:4040/ui/k/jobs/?a=1"), "/ui/k/jobs/?a=1");
        assert_eq!(location("http://127.0.0.1:4040"), "/ui/k/");
    }
}
