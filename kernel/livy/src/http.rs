//! Builds the HTTP client and its requests from the [`Options`].

use std::time::Duration;

use reqwest::{Client, ClientBuilder, header::HeaderValue, redirect};

use crate::{Error, Options, Request, excerpt::excerpt, request::Method, tls};

/// Livy's CSRF protection, where it is on, refuses whatever comes without this header.
const REQUESTED_BY: &str = "X-Requested-By";
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);

/// Builds the client; it connects when it is first used.
pub(crate) fn client(options: &Options) -> Result<Client, Error> {
    let mut headers = options.profile.headers();
    headers.extend(options.headers.clone());
    headers.insert(REQUESTED_BY, HeaderValue::from_static("livy-kernel"));
    tls::install_provider();
    let builder = Client::builder()
        .default_headers(headers)
        .connect_timeout(options.timeouts.connect)
        .read_timeout(options.timeouts.read)
        .tcp_keepalive(KEEPALIVE_INTERVAL)
        .retry(reqwest::retry::never())
        // A redirect leads to a login page, which would turn a POST into a GET and a 200.
        .redirect(redirect::Policy::none());
    routed(builder, options)?.build().map_err(|error| Error::Setup(root_cause(&error)))
}

/// Decides how the endpoint is reached: by TLS or not, by a proxy or not, by a Unix socket or not.
fn routed(mut builder: ClientBuilder, options: &Options) -> Result<ClientBuilder, Error> {
    builder = match options.endpoint.is_https() {
        true => options.tls.apply(builder)?,
        // Reading the system's certificates takes time and fails on machines that have none.
        false => builder.tls_certs_only([]),
    };
    if options.endpoint.is_loopback() {
        builder = builder.no_proxy();
    }
    #[cfg(unix)]
    if let Some(socket) = &options.socket {
        builder = builder.unix_socket(socket.as_path());
    }
    Ok(builder)
}

/// Translates a request for the HTTP client.
pub(crate) fn request<T>(
    client: &Client,
    options: &Options,
    request: &Request<T>,
) -> Result<reqwest::Request, Error> {
    let method = match request.method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Delete => reqwest::Method::DELETE,
    };
    let url = options.endpoint.url_of(&request.path, &request.query);
    let mut builder = client.request(method, url);
    if let Some(user) = &options.do_as {
        builder = builder.query(&[("doAs", user)]);
    }
    if let Some(body) = &request.body {
        builder = builder.json(body);
    }
    builder.build().map_err(|error| Error::Setup(root_cause(&error)))
}

/// Returns the innermost error, which says what happened ("Connection refused"); those around it
/// say it in general, and repeat the URL.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    excerpt(&cause.to_string())
}
