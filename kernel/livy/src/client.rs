use std::{sync::Arc, time::Duration};

use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    Affinity, Endpoint, Error, Feature, Identity, Options, Profile, Request, TroubleReport,
    Troubles, Verify,
    binding::SessionBinding,
    bound_requests::BoundRequester,
    cookie_jar::CookieJar,
    exchange::{Requester, Server},
    route::Route,
};

/// Asks a Livy server, or the first of several that can be reached; cheap to clone.
///
/// A client and its clones take one way to their Livy: the same server of the list, with the cookies by
/// which a balancer in front of it knows them. [`apart`](Self::apart) makes a client with another way.
#[derive(Clone, Debug)]
pub struct Client {
    requester: Requester,
    binding: Option<Arc<SessionBinding>>,
}

impl Client {
    /// Makes a client with the default options. It connects when it is first asked something.
    ///
    /// # Errors
    ///
    /// Fails where [`Options::new`] or [`Client::with_options`] does.
    pub fn new(endpoint: Endpoint) -> Result<Self, Error> {
        Self::with_options(Options::new(endpoint)?)
    }

    /// Makes a client with other options than the default ones.
    ///
    /// # Errors
    ///
    /// Fails if a file that the TLS options name cannot be used, or if the HTTP client cannot be
    /// built, for example because the system has no certificates.
    pub fn with_options(options: Options) -> Result<Self, Error> {
        Ok(Self { requester: Requester::new(options)?, binding: None })
    }

    /// Returns the same client, which sends nothing *again* once `given_up` is cancelled.
    pub fn with_cancellation(&self, given_up: CancellationToken) -> Self {
        let requester = Requester { given_up, ..self.requester.clone() };
        Self { requester, ..self.clone() }
    }

    /// Returns a client of the same servers with a way of its own, and without cookies: a balancer may
    /// send it to another Livy.
    pub fn apart(&self) -> Self {
        self.by_way_of(self.requester.route.home())
    }

    /// Returns a client with a way of its own that leads to the same Livy as this one's.
    pub fn forked(&self) -> Self {
        let (client, route) = (self.apart(), &self.requester.route);
        client
            .requester
            .route
            .set_cookies(client.requester.route.home(), route.cookies(route.home()));
        client
    }

    /// Returns a client with a way of its own for each of the servers, in the order of the list.
    pub fn each_server(&self) -> Vec<Self> {
        (0..self.requester.servers.list.len()).map(|server| self.by_way_of(server)).collect()
    }

    fn by_way_of(&self, server: usize) -> Self {
        let route = Arc::new(Route::new(server, self.requester.servers.list.len()));
        Self { requester: Requester { route, ..self.requester.clone() }, ..self.clone() }
    }

    /// Returns a client of the same servers with a way that was written down, if it leads to one of them.
    pub fn with_affinity(&self, affinity: &Affinity) -> Option<Self> {
        let is_named = |server: &Server| server.endpoint() == affinity.server;
        let server = self.requester.servers.list.iter().position(is_named)?;
        let client = self.by_way_of(server);
        client.requester.route.set_cookies(server, affinity.cookies.clone());
        Some(client)
    }

    /// Returns what leads to the same Livy again.
    pub fn affinity(&self) -> Affinity {
        let route = &self.requester.route;
        Affinity { server: self.requester.home().endpoint(), cookies: route.cookies(route.home()) }
    }

    /// The names of the cookies by which a balancer may know the client.
    pub fn cookie_names(&self) -> Vec<String> {
        let route = &self.requester.route;
        route.cookies(route.home()).names()
    }

    /// Whether there are several servers.
    pub fn has_several_servers(&self) -> bool {
        self.requester.servers.list.len() > 1
    }

    /// Returns the same client, whose requests about this session reach no other session. They fail
    /// with [`Error::AnotherSession`] where another session has its id now. Requests about other
    /// sessions are sent as usual.
    pub fn bound_to(&self, identity: Identity) -> Self {
        let binding = SessionBinding::new(identity, self.profile().knows_names());
        Self { binding: Some(Arc::new(binding)), ..self.clone() }
    }

    /// Returns what is known of the session that the client is bound to.
    pub fn identity(&self) -> Option<Identity> {
        Some(self.binding.as_ref()?.identity())
    }

    /// The address of the server that is asked first.
    pub fn endpoint(&self) -> &Endpoint {
        &self.options().endpoint
    }

    /// The address of the server that comes first in the list.
    pub fn first_endpoint(&self) -> &Endpoint {
        &self.requester.servers.first().connection.options.endpoint
    }

    /// Says who asks, as far as that is known without a secret: the kind of login, its user, and for
    /// whom that user acts.
    pub fn account(&self) -> String {
        let Options { auth, do_as, .. } = self.options();
        [auth.name(), auth.user(), do_as.as_deref().unwrap_or_default()].join(" ").trim().to_owned()
    }

    /// The user whom the server knows the client by, as far as the options say.
    pub fn user(&self) -> Option<&str> {
        self.options().do_as.as_deref().or_else(|| self.endpoint().user())
    }

    /// The make of the server.
    pub fn profile(&self) -> Profile {
        self.options().profile
    }

    /// Whether anybody could pass for the server, because its certificate is not checked.
    pub fn accepts_any_certificate(&self) -> bool {
        self.endpoint().is_https() && self.options().tls.verify == Verify::Nothing
    }

    /// Whether the server is known to lack a feature, by its profile or by an earlier answer.
    pub fn lacks(&self, feature: Feature) -> bool {
        self.requester.home().missing.contains(feature)
    }

    /// Watches which requests get no answer, and are being sent again or waited for.
    pub fn troubles(&self) -> watch::Receiver<Troubles> {
        self.requester.servers.troubles.subscribe()
    }

    /// Watches why the servers do not accept who asks, or do not prove who they are; none while they do.
    pub fn login_trouble(&self) -> watch::Receiver<Option<String>> {
        self.requester.servers.login_trouble.subscribe()
    }

    /// Begins a report of trouble that no single request has, for example between two polls.
    pub fn trouble_report(&self) -> TroubleReport<'_> {
        self.requester.servers.trouble_report()
    }

    /// Sends a request, again where that is harmless ([`ResendPolicy`](crate::ResendPolicy)), and
    /// reads the answer. Dropping the future stops it.
    ///
    /// # Errors
    ///
    /// Fails if no attempt had a usable answer; [`Error::fate`] says whether the request may have
    /// been carried out.
    pub async fn send<T: DeserializeOwned>(&self, request: Request<T>) -> Result<T, Error> {
        // On the heap: callers deep within other futures would need a large stack.
        match self.binding.as_ref().filter(|binding| binding.concerns(&request)) {
            Some(binding) => {
                let bound = BoundRequester { requester: &self.requester, binding };
                Box::pin(bound.send(request)).await
            }
            None => Box::pin(self.requester.ask(&request)).await,
        }
    }

    /// Forgets the cookies, so that a balancer may choose another Livy.
    pub(crate) fn forget_cookies(&self) {
        let route = &self.requester.route;
        route.set_cookies(route.home(), CookieJar::default());
    }

    /// Waits; returns false if nothing must be sent again any more.
    pub(crate) async fn pause(&self, delay: Duration) -> bool {
        self.requester.pause(delay).await
    }

    #[cfg(test)]
    pub(crate) fn binding(&self) -> Option<&SessionBinding> {
        self.binding.as_deref()
    }

    fn options(&self) -> &Options {
        &self.requester.home().connection.options
    }
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
    use crate::{
        ResendPolicy,
        session::{self, Sessions},
    };

    async fn client_of(router: Router) -> Client {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        client_at(&format!("http://alice:s3cret@{address}/livy"))
    }

    fn client_at(address: &str) -> Client {
        let options = Options::new(Endpoint::parse(address).unwrap()).unwrap();
        Client::with_options(Options { resend: ResendPolicy::NEVER, ..options }).unwrap()
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

    #[cfg(unix)]
    #[tokio::test]
    async fn a_server_with_a_socket_is_asked_there_and_not_at_its_port() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("livy");
        let listener = tokio::net::UnixListener::bind(&socket).unwrap();
        let answer = get(|headers: HeaderMap| async move {
            assert_eq!(headers["host"], "127.0.0.1:1");
            "{}"
        });
        let router = Router::new().route("/sessions", answer);
        tokio::spawn(async move { axum::serve(listener, router).await });

        let options = Options::new(Endpoint::parse("http://127.0.0.1:1").unwrap()).unwrap();
        let client = Client::with_options(Options { socket: Some(socket), ..options }).unwrap();
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
