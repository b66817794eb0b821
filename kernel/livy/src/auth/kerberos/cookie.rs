//! The cookie that Hadoop's authentication filter sets once it has accepted a token
//! ([`hadoop.auth`](https://hadoop.apache.org/docs/stable/hadoop-auth/Configuration.html)), so that
//! not every request needs its own token. Pure.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{HeaderMap, HeaderValue, SET_COOKIE};

const NAME: &str = "hadoop.auth";
/// A cookie that expires sooner is not used any more.
const COOKIE_EXPIRY_MARGIN: Duration = Duration::from_secs(30);

/// The cookie, ready to be sent.
#[derive(Clone)]
pub struct Cookie {
    header: HeaderValue,
    expires: Option<SystemTime>,
}

/// What an answer changes about the cookie.
pub enum CookieChange {
    None,
    Set(Cookie),
    Removed,
}

impl CookieChange {
    /// Reads an answer's headers.
    pub fn from_headers(headers: &HeaderMap) -> CookieChange {
        let mut cookies =
            headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        let Some(value) = cookies.find_map(|cookie| cookie.strip_prefix(NAME)?.strip_prefix('='))
        else {
            return CookieChange::None;
        };
        let value = value.split("; ").next().unwrap_or_default().trim_end_matches(';');
        match (value.trim_matches('"'), HeaderValue::from_str(&format!("{NAME}={value}"))) {
            ("", _) | (_, Err(_)) => CookieChange::Removed,
            (inner, Ok(mut header)) => {
                header.set_sensitive(true);
                Self::Set(Cookie { header, expires: expiry(inner) })
            }
        }
    }
}

impl Cookie {
    /// Returns the value of the `Cookie` header.
    pub fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// Whether the server still accepts it, as far as is known.
    pub fn is_fresh(&self, now: SystemTime) -> bool {
        self.expires.is_none_or(|expires| {
            expires.duration_since(now).is_ok_and(|left| left > COOKIE_EXPIRY_MARGIN)
        })
    }
}

/// Reads `e`, milliseconds since 1970, from `u=alice&p=alice@REALM&t=kerberos&e=1700000000000&s=…`.
fn expiry(value: &str) -> Option<SystemTime> {
    let milliseconds = value.split('&').find_map(|part| part.strip_prefix("e="))?.parse().ok()?;
    UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(value: &str) -> CookieChange {
        CookieChange::from_headers(&HeaderMap::from_iter([(
            SET_COOKIE,
            HeaderValue::from_str(value).unwrap(),
        )]))
    }

    #[test]
    fn the_value_is_kept_as_it_came_and_its_end_is_known() {
        let value = "hadoop.auth=\"u=alice&p=alice@R&t=kerberos&e=1000000&s=x=\"; HttpOnly";
        let CookieChange::Set(cookie) = given(value) else { panic!("no cookie") };
        assert_eq!(cookie.header(), "hadoop.auth=\"u=alice&p=alice@R&t=kerberos&e=1000000&s=x=\"");
        assert!(cookie.is_fresh(UNIX_EPOCH + Duration::from_secs(969)));
        assert!(!cookie.is_fresh(UNIX_EPOCH + Duration::from_secs(971)));
        assert!(!format!("{:?}", cookie.header()).contains("alice"));
    }

    #[test]
    fn an_empty_one_takes_it_away_and_others_are_left_alone() {
        assert!(matches!(given("hadoop.auth=; Expires=Thu, 01-Jan-1970"), CookieChange::Removed));
        assert!(matches!(given("hadoop.auth=\"\""), CookieChange::Removed));
        assert!(matches!(given("JSESSIONID=1"), CookieChange::None));
    }
}
