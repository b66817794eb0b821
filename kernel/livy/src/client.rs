use std::time::Duration;

use reqwest::{RequestBuilder, Response, header, redirect};
use serde::de::DeserializeOwned;

use crate::{Endpoint, Error, Request, endpoint::Credentials, reply::Reply, request::Method};

/// Livy's CSRF protection, where it is on, refuses whatever comes without this header.
const REQUESTED_BY: &str = "X-Requested-By";

/// Asks one Livy server; cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    endpoint: Endpoint,
}

/// How long a request may take; none is without an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until there is a connection.
    pub connect: Duration,
    /// Between two pieces of an answer.
    pub read: Duration,
    /// All in all.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            total: Duration::from_secs(120),
        }
    }
}

impl Client {
    /// A client with the usual timeouts. It connects only when it is asked something.
    pub fn new(endpoint: Endpoint) -> Result<Self, Error> {
        Self::with_timeouts(endpoint, Timeouts::default())
    }

    /// A client with timeouts of one's own.
    pub fn with_timeouts(endpoint: Endpoint, timeouts: Timeouts) -> Result<Self, Error> {
        let http = http(&endpoint, timeouts).map_err(|error| Error::Setup(root_cause(&error)))?;
        Ok(Self { http, endpoint })
    }

    /// The server that is asked.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Asks once and reads the answer.
    pub async fn send<T: DeserializeOwned>(&self, request: Request<T>) -> Result<T, Error> {
        let response = self.prepare(&request).send().await.map_err(|error| self.failure(&error))?;
        let reply = receive(response).await.map_err(|error| self.failure(&error))?;
        reply.read(&self.endpoint)
    }

    fn prepare<T>(&self, request: &Request<T>) -> RequestBuilder {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Delete => reqwest::Method::DELETE,
        };
        let url = self.endpoint.join(&request.path, &request.query);
        let builder = self.http.request(method, url).header(REQUESTED_BY, "livy-kernel");
        let builder = match self.endpoint.credentials() {
            Credentials::None => builder,
            Credentials::Basic { user, password } => builder.basic_auth(user, Some(password)),
            Credentials::Bearer(token) => builder.bearer_auth(token),
        };
        match &request.body {
            Some(body) => builder.json(body),
            None => builder,
        }
    }

    fn failure(&self, error: &reqwest::Error) -> Error {
        let endpoint = self.endpoint.to_string();
        let reason = match error.is_timeout() {
            true => "no answer in time".to_owned(),
            false => root_cause(error),
        };
        match error.is_connect() || error.is_builder() {
            true => Error::Unreachable { endpoint, reason },
            false => Error::Lost { endpoint, reason },
        }
    }
}

fn http(endpoint: &Endpoint, timeouts: Timeouts) -> reqwest::Result<reqwest::Client> {
    // It fails only if a provider is set already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.read)
        .timeout(timeouts.total)
        .tcp_keepalive(Duration::from_secs(30))
        // A redirect leads to a login page, which would turn a POST into a GET and a 200.
        .redirect(redirect::Policy::none());
    if !endpoint.is_https() {
        // Reading the system's certificates takes time and fails on machines that have none.
        builder = builder.tls_certs_only([]);
    }
    if endpoint.is_loopback() {
        builder = builder.no_proxy();
    }
    builder.build()
}

async fn receive(response: Response) -> reqwest::Result<Reply> {
    Ok(Reply {
        status: response.status().as_u16(),
        retry_after: retry_after(&response),
        body: response.text().await?,
    })
}

fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

/// The innermost error says what happened ("Connection refused"); those around it say it in
/// general, and repeat the URL.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        http::{HeaderMap, StatusCode},
        response::Redirect,
        routing::{any, get},
    };
    use tokio::net::TcpListener;

    use super::*;
    use crate::session::{self, Sessions};

    async fn client_of(router: Router) -> Client {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        client_at(&format!("http://alice:s3cret@{address}/livy"))
    }

    fn client_at(address: &str) -> Client {
        let timeouts = Timeouts { read: Duration::from_millis(300), ..Timeouts::default() };
        Client::with_timeouts(Endpoint::parse(address).unwrap(), timeouts).unwrap()
    }

    async fn list(client: &Client) -> Result<Sessions, Error> {
        client.send(session::list(None, None)).await
    }

    #[tokio::test]
    async fn every_request_says_who_asks_and_that_it_is_no_form() {
        let answer = |headers: HeaderMap| async move {
            let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
            match (header("x-requested-by"), header("authorization")) {
                (Some("livy-kernel"), Some("Basic YWxpY2U6czNjcmV0")) => (StatusCode::OK, "{}"),
                _ => (StatusCode::BAD_REQUEST, "headers are missing"),
            }
        };
        let client = client_of(Router::new().route("/livy/sessions", get(answer))).await;
        assert_eq!(list(&client).await.unwrap().total, 0);
    }

    #[tokio::test]
    async fn a_refused_connection_means_that_nothing_arrived() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let error = list(&client_at(&format!("http://bob:hidden@{free}"))).await.unwrap_err();
        assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains("refused") && text.contains(&free.to_string()), "{text}");
        assert!(!text.contains("hidden"), "{text}");
    }

    #[tokio::test]
    async fn a_server_that_hangs_or_breaks_off_leaves_the_fate_unknown() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", silent.local_addr().unwrap());
        let hung = list(&client_at(&address)).await.unwrap_err();
        assert!(
            matches!(&hung, Error::Lost { reason, .. } if reason == "no answer in time"),
            "{hung:?}"
        );

        tokio::spawn(async move {
            while let Ok((stream, _)) = silent.accept().await {
                drop(stream)
            }
        });
        let cut = list(&client_at(&address)).await.unwrap_err();
        assert!(matches!(cut, Error::Lost { .. }), "{cut:?}");
    }

    #[tokio::test]
    async fn a_redirect_to_a_login_page_is_a_refusal() {
        let to_login = any(|| async { Redirect::to("/login") });
        let client = client_of(Router::new().route("/livy/sessions", to_login)).await;
        let error = list(&client).await.unwrap_err();
        assert!(error.to_string().contains("redirects elsewhere"), "{error}");
    }

    #[tokio::test]
    async fn a_server_that_is_busy_says_when_to_come_back() {
        let busy = any(|| async { (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7")], "") });
        let client = client_of(Router::new().route("/livy/sessions", busy)).await;
        let error = list(&client).await.unwrap_err();
        assert!(error.is_temporary());
        assert_eq!(error.refusal().unwrap().retry_after, Some(Duration::from_secs(7)));
    }
}
