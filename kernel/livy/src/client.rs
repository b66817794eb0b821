use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use reqwest::{
    Response,
    header::{self, HeaderMap, HeaderName},
    redirect,
};
use serde::de::DeserializeOwned;
use tokio::{sync::watch, time};
use tokio_util::sync::CancellationToken;

use crate::{
    Ability, Auth, AuthError, Endpoint, Error, Profile, Request, ResendPolicy, Tls, TlsError,
    Verify,
    ability::{self, Lacking},
    auth,
    reply::Reply,
    request::Method,
    tls,
    trouble::{Telling, Troubles},
};

/// How large an answer may be: it is held in memory as a whole.
const ANSWER: usize = 128_000_000;

/// Livy's CSRF protection, where it is on, refuses whatever comes without this header.
const REQUESTED_BY: &str = "X-Requested-By";
/// An answer that takes longer is worth telling of.
const SLOW: Duration = Duration::from_secs(3);

/// Asks one Livy server; cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    inner: Arc<Inner>,
    given_up: CancellationToken,
}

#[derive(Debug)]
struct Inner {
    http: reqwest::Client,
    options: Options,
    lacking: Lacking,
    troubles: watch::Sender<Troubles>,
    asked: AtomicU64,
}

/// How to ask.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whom.
    pub endpoint: Endpoint,
    /// Who asks.
    pub auth: Arc<dyn Auth>,
    /// Headers for every request.
    pub headers: HeaderMap,
    /// How long it may take.
    pub timeouts: Timeouts,
    /// What to do when it does not work.
    pub resend: ResendPolicy,
    /// Whose Livy it is.
    pub profile: Profile,
    /// Whom to trust.
    pub tls: Tls,
    /// [The user to act for](https://livy.apache.org/docs/latest/rest-api.html#proxy-user---doas-support),
    /// on every request.
    pub do_as: Option<String>,
}

impl Options {
    /// The usual; who asks is what the endpoint's address says of it.
    pub fn new(endpoint: Endpoint) -> Result<Self, AuthError> {
        Ok(Self {
            auth: auth::of(&endpoint)?,
            profile: Profile::guess(&endpoint),
            endpoint,
            headers: HeaderMap::new(),
            timeouts: Timeouts::default(),
            resend: ResendPolicy::default(),
            tls: Tls::default(),
            do_as: None,
        })
    }

    /// One more header for every request. Its value is taken for a secret.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Self, AuthError> {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| AuthError::new("has a name that no header can have"))?;
        self.headers.insert(name, auth::secret(value)?);
        Ok(self)
    }
}

/// How long a request may take; none is without an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until there is a connection.
    pub connect: Duration,
    /// Between two pieces of an answer. How soon an answer must begin is the request's to say.
    pub read: Duration,
    /// All in all.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(60),
            total: Duration::from_secs(300),
        }
    }
}

impl Client {
    /// A client with the usual options. It connects only when it is asked something.
    pub fn new(endpoint: Endpoint) -> Result<Self, Error> {
        Self::with(Options::new(endpoint)?)
    }

    /// A client with options of one's own.
    pub fn with(options: Options) -> Result<Self, Error> {
        let http = http(&options)?.build().map_err(|error| Error::Setup(root_cause(&error)))?;
        let lacking = Lacking::of(options.profile.lacks());
        let troubles = watch::Sender::new(Troubles::default());
        let inner = Inner { http, options, lacking, troubles, asked: AtomicU64::new(0) };
        Ok(Self { inner: Arc::new(inner), given_up: CancellationToken::new() })
    }

    /// The same client, which asks nothing again once this is cancelled.
    pub fn until(&self, given_up: CancellationToken) -> Self {
        Self { inner: Arc::clone(&self.inner), given_up }
    }

    /// The server that is asked.
    pub fn endpoint(&self) -> &Endpoint {
        &self.inner.options.endpoint
    }

    /// Whose Livy it is.
    pub fn profile(&self) -> Profile {
        self.inner.options.profile
    }

    /// Whether anybody could pass for the server.
    pub fn trusts_everybody(&self) -> bool {
        self.endpoint().is_https() && self.inner.options.tls.verify == Verify::Nothing
    }

    /// Whether the server is known to lack something.
    pub fn lacks(&self, ability: Ability) -> bool {
        self.inner.lacking.has(ability)
    }

    /// Tells when the server does not answer, and is being asked again or waited for.
    pub fn troubles(&self) -> watch::Receiver<Troubles> {
        self.inner.troubles.subscribe()
    }

    /// Waits; false if the client was told meanwhile not to ask again.
    pub(crate) async fn pause(&self, delay: Duration) -> bool {
        self.given_up.run_until_cancelled(time::sleep(delay)).await.is_some()
    }

    /// Asks, again where that is harmless ([`ResendPolicy`]), and reads the answer. Dropping the
    /// future stops it.
    pub async fn send<T: DeserializeOwned>(&self, request: Request<T>) -> Result<T, Error> {
        if let Some(ability) = request.ability.filter(|&ability| self.lacks(ability)) {
            return Err(Error::Lacking(ability));
        }
        let telling =
            Telling::new(&self.inner.troubles, self.inner.asked.fetch_add(1, Ordering::Relaxed));
        let mut attempts = self.inner.options.resend.start(request.method);
        loop {
            let error = match self.attempt_aloud(&request, &telling).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            let Some(delay) = attempts.next(&error, fastrand::f64()) else {
                return Err(self.note_what_lacks(&request, error));
            };
            telling.tell(error.to_string());
            if !self.pause(delay).await {
                return Err(error);
            }
        }
    }

    /// A server that takes its time is no error yet, but somebody may wonder.
    async fn attempt_aloud<T: DeserializeOwned>(
        &self,
        request: &Request<T>,
        telling: &Telling<'_>,
    ) -> Result<T, Error> {
        let mut attempt = pin!(self.attempt_with_fresh_credentials(request));
        if let Ok(result) = time::timeout(SLOW, &mut attempt).await {
            return result;
        }
        telling.tell(format!("Livy at {} has not answered yet", self.endpoint()));
        attempt.await
    }

    /// A 401 may only mean that a token has expired: what can be renewed is tried once more.
    async fn attempt_with_fresh_credentials<T: DeserializeOwned>(
        &self,
        request: &Request<T>,
    ) -> Result<T, Error> {
        match self.attempt(request).await {
            Err(error) if self.has_fresh_credentials_after(&error).await => {
                self.attempt(request).await
            }
            result => result,
        }
    }

    /// Only what was refused unread: a login comes before all else.
    async fn has_fresh_credentials_after(&self, error: &Error) -> bool {
        match error.refusal() {
            Some(refusal) if matches!(refusal.status, 401 | 403) => {
                self.inner.options.auth.on_refused(refusal.status).await
            }
            _ => false,
        }
    }

    async fn attempt<T: DeserializeOwned>(&self, request: &Request<T>) -> Result<T, Error> {
        let mut signed = self.prepare(request)?;
        let pending = self.inner.options.auth.apply(&mut signed).await?;
        let answer = time::timeout(request.answer_within, self.inner.http.execute(signed));
        let response = answer
            .await
            .map_err(|_| self.lost("no answer in time"))?
            .map_err(|error| self.failure(&error))?;
        if let Some(pending) = pending {
            let seen = pending.see(response.status().as_u16(), response.headers());
            seen.map_err(|error| Error::Unproven {
                endpoint: self.endpoint().to_string(),
                reason: error.to_string(),
            })?;
        }
        let reply = receive(response).await.map_err(|error| self.failure(&error))?;
        let too_large = || Error::TooLarge { endpoint: self.endpoint().to_string(), limit: ANSWER };
        reply.ok_or_else(too_large)?.read(self.endpoint())
    }

    fn prepare<T>(&self, request: &Request<T>) -> Result<reqwest::Request, Error> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let url = self.endpoint().join(&request.path, &request.query);
        let mut builder = self.inner.http.request(method, url);
        if let Some(user) = &self.inner.options.do_as {
            builder = builder.query(&[("doAs", user)]);
        }
        if let Some(body) = &request.body {
            builder = builder.json(body);
        }
        builder.build().map_err(|error| Error::Setup(root_cause(&error)))
    }

    fn failure(&self, error: &reqwest::Error) -> Error {
        if let Some(reason) = tls::objection(error) {
            return Error::Untrusted { endpoint: self.endpoint().to_string(), reason };
        }
        let reason = match error.is_timeout() {
            true => "no answer in time".to_owned(),
            false => root_cause(error),
        };
        match error.is_connect() {
            true => Error::Unreachable { endpoint: self.endpoint().to_string(), reason },
            false => self.lost(&reason),
        }
    }

    fn lost(&self, reason: &str) -> Error {
        Error::Lost { endpoint: self.endpoint().to_string(), reason: reason.to_owned() }
    }

    fn note_what_lacks<T>(&self, request: &Request<T>, error: Error) -> Error {
        match (request.ability, error.refusal()) {
            (Some(ability), Some(refusal)) if ability::is_missing(refusal) => {
                self.inner.lacking.note(ability);
                Error::Lacking(ability)
            }
            _ => error,
        }
    }
}

fn http(options: &Options) -> Result<reqwest::ClientBuilder, TlsError> {
    tls::install_provider();
    let Options { endpoint, timeouts, .. } = options;
    let mut headers = options.profile.headers();
    headers.extend(options.headers.clone());
    headers.insert(REQUESTED_BY, header::HeaderValue::from_static("livy-kernel"));
    let mut builder = reqwest::Client::builder()
        .default_headers(headers)
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.read)
        .timeout(timeouts.total)
        .tcp_keepalive(Duration::from_secs(30))
        .retry(reqwest::retry::never())
        // A redirect leads to a login page, which would turn a POST into a GET and a 200.
        .redirect(redirect::Policy::none());
    builder = match endpoint.is_https() {
        true => options.tls.apply(builder)?,
        // Reading the system's certificates takes time and fails on machines that have none.
        false => builder.tls_certs_only([]),
    };
    if endpoint.is_loopback() {
        builder = builder.no_proxy();
    }
    Ok(builder)
}

/// Nothing, if it is larger than an answer may be.
async fn receive(mut response: Response) -> reqwest::Result<Option<Reply>> {
    let (status, retry_after) = (response.status().as_u16(), retry_after(&response));
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        if body.len() + piece.len() > ANSWER {
            return Ok(None);
        }
        body.extend_from_slice(&piece);
    }
    // JSON is UTF-8, and of anything else a person only reads some words.
    let body = String::from_utf8(body)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Ok(Some(Reply { status, retry_after, body }))
}

fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    wait(value.trim(), SystemTime::now())
}

/// [`Retry-After`](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3) is in seconds or a date.
fn wait(retry_after: &str, now: SystemTime) -> Option<Duration> {
    match retry_after.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(retry_after).ok()?.duration_since(now).ok(),
    }
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
        let options = Options::new(Endpoint::parse(address).unwrap()).unwrap();
        Client::with(Options { resend: ResendPolicy::NEVER, ..options }).unwrap()
    }

    async fn list(client: &Client) -> Result<Sessions, Error> {
        client.send(session::list(None, None).answer_within(Duration::from_millis(300))).await
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

    #[test]
    fn retry_after_is_a_number_of_seconds_or_a_date_to_come() {
        let now = httpdate::parse_http_date("Wed, 25 Nov 2026 10:00:00 GMT").unwrap();
        assert_eq!(wait("7", now), Some(Duration::from_secs(7)));
        assert_eq!(wait("Wed, 25 Nov 2026 10:00:30 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(wait("Wed, 25 Nov 2026 09:00:00 GMT", now), None);
        assert_eq!(wait("soon", now), None);
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
