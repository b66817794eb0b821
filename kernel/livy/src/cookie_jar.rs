//! The cookies of one server ([RFC 6265](https://www.rfc-editor.org/rfc/rfc6265)), by which a balancer
//! sends a client to the same Livy again. Whatever domain a cookie names, it goes back to the server that
//! has set it, and to no other. Pure.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use reqwest::{
    Url,
    header::{HeaderMap, HeaderValue, SET_COOKIE},
};
use serde::{Deserialize, Serialize};

/// How many cookies are kept; a balancer sets one or two.
const MAX_COOKIES: usize = 16;
/// How many bytes the names, values and paths of all of them may have: servers refuse long headers.
const MAX_BYTES: usize = 8192;
/// How long a cookie is kept at most, as in browsers.
const MAX_LIFETIME: Duration = Duration::from_secs(400 * 24 * 3600);
/// Kerberos keeps this one itself, and has to know when it is refused.
const HADOOPS_LOGIN: &str = "hadoop.auth";

/// A cookie, as it is sent and written down.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cookie {
    name: String,
    value: String,
    path: String,
    secure: bool,
    /// Seconds since 1970; without it, the server does not say.
    expires: Option<u64>,
}

/// A value may be a login.
impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cookie({})", self.name)
    }
}

/// The cookies that one server has set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CookieJar(Vec<Cookie>);

impl CookieJar {
    /// Keeps the cookies of an answer, and drops those that it takes away.
    pub fn receive(&mut self, url: &Url, headers: &HeaderMap, now: SystemTime) {
        let texts = headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        for cookie in texts.filter_map(|text| Cookie::parse(text, url, now)) {
            self.0.retain(|kept| (&kept.name, &kept.path) != (&cookie.name, &cookie.path));
            if !cookie.is_over(now) {
                self.0.push(cookie);
            }
            while self.0.len() > MAX_COOKIES || self.bytes() > MAX_BYTES {
                self.0.remove(0);
            }
        }
    }

    /// Returns the `Cookie` header of a request to the server, beside the cookies that it has already.
    pub fn header(
        &self,
        url: &Url,
        own: Option<&HeaderValue>,
        now: SystemTime,
    ) -> Option<HeaderValue> {
        let own = own.and_then(|own| own.to_str().ok()).map(str::to_owned);
        let fitting = self.0.iter().filter(|cookie| !cookie.is_over(now) && cookie.fits(url));
        let pairs = fitting.map(|cookie| format!("{}={}", cookie.name, cookie.value));
        let all: Vec<String> = own.into_iter().chain(pairs).collect();
        let mut header = HeaderValue::from_str(&all.join("; ")).ok().filter(|_| !all.is_empty())?;
        header.set_sensitive(true);
        Some(header)
    }

    /// The cookies' names.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|cookie| cookie.name.clone()).collect()
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(Cookie::bytes).sum()
    }
}

impl Cookie {
    /// Reads a `Set-Cookie` header of an answer from this URL; `None` if the cookie is not this server's
    /// to set or not to be kept.
    fn parse(text: &str, url: &Url, now: SystemTime) -> Option<Self> {
        let (pair, attributes) = text.split_once(';').unwrap_or((text, ""));
        let (name, value) = pair.split_once('=')?;
        let mut cookie = Self {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            path: folder(url.path()).to_owned(),
            secure: false,
            expires: None,
        };
        let mut max_age = None;
        for attribute in attributes.split(';') {
            let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "domain" if !is_own_domain(value, url) => return None,
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "secure" => cookie.secure = true,
                "expires" => cookie.expires = date(value).or(cookie.expires),
                "max-age" => max_age = age(value).or(max_age),
                _ => {}
            }
        }
        let latest = seconds(now).saturating_add(MAX_LIFETIME.as_secs());
        let expires = max_age.map(|age| seconds(now).saturating_add(age)).or(cookie.expires);
        cookie.expires = expires.map(|expires| expires.min(latest));
        let is_kept = !cookie.name.is_empty()
            && cookie.name != HADOOPS_LOGIN
            && cookie.bytes() <= MAX_BYTES / 2
            && cookie.fits(url);
        is_kept.then_some(cookie)
    }

    /// Whether it is sent with a request for this URL of its server.
    fn fits(&self, url: &Url) -> bool {
        let is_below =
            |rest: &str| rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/');
        let has_path = url.path().strip_prefix(self.path.as_str()).is_some_and(is_below);
        has_path && (!self.secure || url.scheme() == "https")
    }

    fn is_over(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires <= seconds(now))
    }

    fn bytes(&self) -> usize {
        self.name.len().saturating_add(self.value.len()).saturating_add(self.path.len())
    }
}

/// Returns the path above a resource, for which its cookies are if they name none.
fn folder(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => path.get(..end).unwrap_or("/"),
    }
}

/// Whether the server may set cookies for this domain: its own name, or one that it is in.
fn is_own_domain(domain: &str, url: &Url) -> bool {
    let domain = domain.trim_start_matches('.').to_ascii_lowercase();
    let host = url.host_str().unwrap_or_default();
    let is_above = |rest: &str| rest.is_empty() || rest.ends_with('.') && url.domain().is_some();
    domain.is_empty() || host.strip_suffix(domain.as_str()).is_some_and(is_above)
}

/// Reads `Max-Age`: what is over has none left.
fn age(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| if digits == text { text.parse().unwrap_or(u64::MAX) } else { 0 })
}

/// Reads `Expires`, in which some servers have hyphens, as in `01-Jan-1970`.
fn date(text: &str) -> Option<u64> {
    let date = httpdate::parse_http_date(text)
        .or_else(|_| httpdate::parse_http_date(&text.replace('-', " ")));
    date.ok().map(seconds)
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn now() -> SystemTime {
        UNIX_EPOCH + NOW
    }

    /// The header of a request, after an answer with this `Set-Cookie`.
    fn sent_after(set: &[&str], from: &str, to: &str) -> Option<String> {
        let mut jar = CookieJar::default();
        for text in set {
            let headers = HeaderMap::from_iter([(SET_COOKIE, text.parse().unwrap())]);
            jar.receive(&from.parse().unwrap(), &headers, now());
        }
        let header = jar.header(&to.parse().unwrap(), None, now())?;
        assert!(header.is_sensitive());
        Some(header.to_str().unwrap().to_owned())
    }

    const LIVY: &str = "http://livy.example:8998/livy/sessions";

    #[test]
    fn a_pin_is_sent_back_as_it_came() {
        let sent = |set| sent_after(&[set], LIVY, LIVY);
        assert_eq!(sent("SERVERID=a; path=/").as_deref(), Some("SERVERID=a"));
        assert_eq!(sent("AWSALB=a+b/c==; Path=/; HttpOnly").as_deref(), Some("AWSALB=a+b/c=="));
        assert_eq!(sent("route=\"x|1\"; Domain=livy.example").as_deref(), Some("route=\"x|1\""));
        assert_eq!(sent("a=1; Domain=.example").as_deref(), Some("a=1"), "to its server alone");
    }

    #[test]
    fn a_later_one_takes_an_earlier_ones_place_and_may_take_it_away() {
        let sent = |set: &[&str]| sent_after(set, LIVY, LIVY);
        assert_eq!(sent(&["a=1; Path=/", "a=2; Path=/"]).as_deref(), Some("a=2"));
        for gone in ["Max-Age=0", "Max-Age=-1", "Expires=Thu, 01-Jan-1970 00:00:01 GMT"] {
            assert_eq!(sent(&["a=1; Path=/", &format!("a=; Path=/; {gone}")]), None, "{gone}");
        }
    }

    #[test]
    fn an_end_is_obeyed_and_max_age_goes_before_expires() {
        let sent_later = |set: &str, later: u64| {
            let url = LIVY.parse().unwrap();
            let mut jar = CookieJar::default();
            let headers = HeaderMap::from_iter([(SET_COOKIE, set.parse().unwrap())]);
            jar.receive(&url, &headers, now());
            jar.header(&url, None, now() + Duration::from_secs(later)).is_some()
        };
        for (set, later, is_sent) in [
            ("a=1", 10 * 365 * 86_400, true),
            ("a=1; Max-Age=10", 9, true),
            ("a=1; Max-Age=10", 10, false),
            ("a=1; Max-Age=10; Expires=Fri, 31 Dec 9999 23:59:59 GMT", 10, false),
            ("a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT; Max-Age=10", 10, false),
            ("a=1; Expires=Tue, 14 Nov 2023 22:13:30 GMT", 9, true),
            ("a=1; Expires=Tuesday, 14-Nov-23 22:13:30 GMT", 10, false),
            ("a=1; Max-Age=99999999999999999999", 399 * 86_400, true),
            ("a=1; Max-Age=99999999999999999999", 400 * 86_400, false),
            ("a=1; Max-Age=soon; Expires=never", 86_400, true),
        ] {
            assert_eq!(sent_later(set, later), is_sent, "{set} after {later} s");
        }
    }

    #[test]
    fn other_names_and_paths_are_not_this_servers_to_set() {
        for foreign in [
            "a=1; Domain=other.example",
            "a=1; Domain=vy.example",
            "a=1; Domain=sub.livy.example",
            "a=1; Path=/other",
            "a=1; Path=/livy/sess",
            "=1",
            "a",
            "hadoop.auth=x; Path=/",
        ] {
            assert_eq!(sent_after(&[foreign], LIVY, LIVY), None, "{foreign}");
        }
        let address = "http://10.0.0.1/sessions";
        assert_eq!(sent_after(&["a=1; Domain=0.0.1"], address, address), None);
    }

    #[test]
    fn a_cookie_goes_to_its_path_and_what_is_below() {
        let sent = |set, to: &str| sent_after(&[set], LIVY, to).is_some();
        assert!(sent("a=1", "http://livy.example:8998/livy/batches"), "its folder by default");
        assert!(!sent("a=1", "http://livy.example:8998/livyer"));
        assert!(sent("a=1; Path=/livy/sessions", "http://livy.example:8998/livy/sessions/1"));
        assert!(!sent("a=1; Path=/livy/sessions", "http://livy.example:8998/livy/batches"));
    }

    #[test]
    fn a_secure_cookie_neither_comes_nor_goes_without_encryption() {
        let (http, https) = ("http://h/sessions", "https://h/sessions");
        assert_eq!(sent_after(&["a=1; Secure"], http, https), None);
        assert_eq!(sent_after(&["a=1; Secure"], https, http), None);
        assert_eq!(sent_after(&["a=1; Secure"], https, https).as_deref(), Some("a=1"));
    }

    #[test]
    fn neither_many_nor_large_cookies_fill_the_jar() {
        let many: Vec<String> = (0..100).map(|number| format!("c{number}=1")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let sent = sent_after(&many, LIVY, LIVY).unwrap();
        assert_eq!(sent.split("; ").count(), MAX_COOKIES);
        assert!(sent.ends_with("c99=1"), "{sent}");
        let large: Vec<String> = (0..9).map(|n| format!("l{n}={}", "x".repeat(3000))).collect();
        let large: Vec<&str> = large.iter().map(String::as_str).collect();
        assert!(sent_after(&large, LIVY, LIVY).unwrap().len() <= MAX_BYTES);
        assert_eq!(sent_after(&[&format!("l={}", "x".repeat(5000))], LIVY, LIVY), None);
    }

    #[test]
    fn a_logins_cookie_stays_beside_the_jars() {
        let mut jar = CookieJar::default();
        let headers = HeaderMap::from_iter([(SET_COOKIE, "a=1".parse().unwrap())]);
        let url = LIVY.parse().unwrap();
        jar.receive(&url, &headers, now());
        let own = HeaderValue::from_static("hadoop.auth=u");
        assert_eq!(jar.header(&url, Some(&own), now()).unwrap(), "hadoop.auth=u; a=1");
        assert!(!format!("{jar:?}").contains("=1"));
    }

    #[test]
    fn a_jar_that_was_written_down_is_the_same() {
        let mut jar = CookieJar::default();
        let headers = HeaderMap::from_iter([(SET_COOKIE, "a=1; Max-Age=9".parse().unwrap())]);
        jar.receive(&LIVY.parse().unwrap(), &headers, now());
        let written = serde_json::to_string(&jar).unwrap();
        assert_eq!(serde_json::from_str::<CookieJar>(&written).unwrap(), jar);
    }
}
