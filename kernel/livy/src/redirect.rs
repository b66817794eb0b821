//! Decides whether a redirect leads to the same resource of another listed server. Any other one leads to
//! a login page, or to somebody who must not get the credentials. Pure.

use reqwest::{
    Url,
    header::{HeaderMap, LOCATION},
};

use crate::Endpoint;

/// Returns where an answer from `url` redirects to, if the method is to stay the same as far as Livy's
/// clients are concerned: a standby that answers 301 or 302 to a POST does not mean a GET.
pub(crate) fn target(status: u16, url: &Url, headers: &HeaderMap) -> Option<Url> {
    let location = headers.get(LOCATION)?.to_str().ok()?;
    matches!(status, 301 | 302 | 307 | 308).then(|| url.join(location).ok())?
}

/// Whether a redirect from `url` of one server leads to a resource at another, as it is addressed there:
/// by its whole address, or by the address of the server alone.
pub(crate) fn leads_to(target: &Url, from: &Endpoint, to: &Endpoint, resource: &Url) -> bool {
    let path = target.path().trim_end_matches('/');
    let is_there = path == resource.path().trim_end_matches('/') || path == to.path();
    target.origin() == resource.origin() && from.is_https() == to.is_https() && is_there
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn redirected(status: u16, location: &str) -> Option<Url> {
        let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_str(location).unwrap())]);
        target(status, &"http://a:1/livy/sessions/7".parse().unwrap(), &headers)
    }

    #[test]
    fn a_redirect_says_where_to() {
        for status in [301, 302, 307, 308] {
            assert_eq!(redirected(status, "/x").unwrap().as_str(), "http://a:1/x");
        }
        for status in [200, 300, 303, 304, 400] {
            assert_eq!(redirected(status, "/x"), None, "{status}");
        }
        assert_eq!(redirected(307, "http://["), None);
    }

    #[test]
    fn only_the_same_resource_of_a_listed_server_of_the_same_scheme_is_led_to() {
        let from = Endpoint::parse("http://a:1/livy").unwrap();
        let leads = |location: &str, to: &str| {
            let to = Endpoint::parse(to).unwrap();
            let resource = to.url_of(&["sessions".into(), "7".into()], &[]);
            leads_to(&redirected(307, location).unwrap(), &from, &to, &resource)
        };
        let other = "http://me:secret@b:2/livy";
        assert!(leads("http://b:2/livy/sessions/7", other));
        assert!(leads("http://b:2/livy/sessions/7/?user=x", other));
        assert!(leads("http://b:2/livy", other) && leads("http://b:2", "http://b:2"));
        assert!(!leads("http://b:3/livy/sessions/7", other));
        assert!(!leads("http://b:2/login", other));
        assert!(!leads("http://b.evil.example:2/livy/sessions/7", "http://b:2/livy"));
        assert!(!leads("http://b@evil.example:2/livy/sessions/7", other));
        assert!(!leads("https://b:2/livy/sessions/7", other));
        assert!(!leads("https://b:2/livy/sessions/7", "https://b:2/livy"));
    }
}
