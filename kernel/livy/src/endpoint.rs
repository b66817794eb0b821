use std::fmt;

use percent_encoding::percent_decode_str;
use reqwest::Url;

/// The address of a Livy server, with the credentials in it.
///
/// A path in the address is kept, since gateways serve Livy below one
/// (`https://cluster.example/livy`). Credentials in the address become HTTP Basic authentication
/// and never appear in [`Display`](fmt::Display) or [`Debug`].
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: Url,
    credentials: Credentials,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credentials {
    None,
    Basic { user: String, password: String },
    Bearer(String),
}

/// Says why an address is no endpoint.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EndpointError {
    /// The address is no URL.
    #[error("it is not a URL ({0}); write it like http://livy.example:8998")]
    NotAUrl(String),
    /// The scheme is neither `http` nor `https`.
    #[error("it starts with {0}:, but Livy is reached by http: or https:")]
    Scheme(String),
}

impl Endpoint {
    /// Reads an address such as `https://user:password@livy.example:8998/prefix`.
    ///
    /// # Errors
    ///
    /// Fails if the address is no URL, or if its scheme is neither `http` nor `https`.
    pub fn parse(address: &str) -> Result<Self, EndpointError> {
        let mut url = Url::parse(address.trim())
            .map_err(|error| EndpointError::NotAUrl(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(EndpointError::Scheme(url.scheme().to_owned()));
        }
        let credentials = take_credentials(&mut url);
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self { url, credentials })
    }

    /// Returns the same address with a bearer token as its credentials.
    pub fn with_bearer_token(self, token: impl Into<String>) -> Self {
        Self { credentials: Credentials::Bearer(token.into()), ..self }
    }

    /// The host's name or IP address.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The port; the scheme's default one if the address names none.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or_default()
    }

    /// The path below which Livy answers, without a final slash.
    pub fn path(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }

    /// Whether the server is on this machine, so that no proxy is used.
    pub fn is_loopback(&self) -> bool {
        match self.url.host_str() {
            Some("localhost") => true,
            Some(host) => host
                .trim_matches(['[', ']'])
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback()),
            None => false,
        }
    }

    /// Whether the connection is encrypted.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The user in the address.
    pub fn user(&self) -> Option<&str> {
        match &self.credentials {
            Credentials::Basic { user, .. } if !user.is_empty() => Some(user),
            _ => None,
        }
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Returns the URL of a resource below this endpoint; each segment is escaped.
    pub(crate) fn url_of(&self, path: &[String], query: &[(&'static str, String)]) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

fn take_credentials(url: &mut Url) -> Credentials {
    let user = unescape(url.username());
    let password = unescape(url.password().unwrap_or_default());
    // An http URL always has a host, so taking the credentials out cannot fail.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    match user.is_empty() && password.is_empty() {
        true => Credentials::None,
        false => Credentials::Basic { user, password },
    }
}

/// Undoes the `%40` escapes that a URL needs for characters such as `@` in a password.
fn unescape(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url_of(address: &str, path: &[&str]) -> String {
        let path: Vec<String> = path.iter().map(|&segment| segment.to_owned()).collect();
        Endpoint::parse(address).unwrap().url_of(&path, &[]).to_string()
    }

    #[test]
    fn a_path_prefix_is_kept() {
        assert_eq!(url_of("http://h:8998", &["sessions"]), "http://h:8998/sessions");
        assert_eq!(url_of("https://h/livy/", &["sessions", "1"]), "https://h/livy/sessions/1");
        assert_eq!(url_of("https://h/a/b?x=1#y", &["sessions"]), "https://h/a/b/sessions");
    }

    #[test]
    fn an_odd_id_stays_one_segment() {
        assert_eq!(url_of("http://h", &["sessions", "a/b c"]), "http://h/sessions/a%2Fb%20c");
    }

    #[test]
    fn credentials_are_taken_out_and_never_shown() {
        let endpoint = Endpoint::parse("https://al%40ce:p%3Aw@h:1/livy").unwrap();
        let basic = Credentials::Basic { user: "al@ce".into(), password: "p:w".into() };
        assert!(endpoint.credentials == basic);
        assert_eq!(endpoint.to_string(), "https://h:1/livy");
        assert_eq!(format!("{endpoint:?}"), "Endpoint(https://h:1/livy)");
    }

    #[test]
    fn an_address_that_is_not_livys_is_refused_plainly() {
        let error = |address| Endpoint::parse(address).unwrap_err().to_string();
        assert!(error("livy.example").starts_with("it is not a URL"));
        assert_eq!(error("ftp://h"), "it starts with ftp:, but Livy is reached by http: or https:");
    }

    #[test]
    fn loopback_is_known_by_name_and_by_number() {
        let loopback = |address| Endpoint::parse(address).unwrap().is_loopback();
        assert!(
            loopback("http://localhost:1")
                && loopback("http://127.0.0.9")
                && loopback("http://[::1]:2")
        );
        assert!(!loopback("http://livy.example") && !loopback("http://10.0.0.1"));
    }
}
