//! The cookie that Hadoop's authentication filter gives to whom it has believed once
//! ([`hadoop.auth`](https://hadoop.apache.org/docs/stable/hadoop-auth/Configuration.html)), so that
//! not every request needs a token of its own. Pure.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{HeaderMap, HeaderValue, SET_COOKIE};

const NAME: &str = "hadoop.auth";
/// A cookie that ends sooner is not used any more.
const AHEAD: Duration = Duration::from_secs(30);

/// The cookie, ready to be sent.
#[derive(Clone)]
pub struct Cookie {
    header: HeaderValue,
    expires: Option<SystemTime>,
}

/// What an answer does with the cookie.
pub enum Given {
    /// Nothing.
    Nothing,
    /// It is a new one.
    New(Cookie),
    /// It is taken away.
    Gone,
}

impl Cookie {
    /// What an answer's headers say of it.
    pub fn given(headers: &HeaderMap) -> Given {
        let mut cookies =
            headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        let Some(value) = cookies.find_map(|cookie| cookie.strip_prefix(NAME)?.strip_prefix('='))
        else {
            return Given::Nothing;
        };
        let value = value.split("; ").next().unwrap_or_default().trim_end_matches(';');
        match (value.trim_matches('"'), HeaderValue::from_str(&format!("{NAME}={value}"))) {
            ("", _) | (_, Err(_)) => Given::Gone,
            (inner, Ok(mut header)) => {
                header.set_sensitive(true);
                Given::New(Self { header, expires: expiry(inner) })
            }
        }
    }

    /// What is sent.
    pub fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// Whether the server still believes it, as far as can be known.
    pub fn is_fresh(&self, now: SystemTime) -> bool {
        self.expires.is_none_or(|expires| expires > now + AHEAD)
    }
}

/// `u=alice&p=alice@REALM&t=kerberos&e=1700000000000&s=…`: milliseconds since 1970.
fn expiry(value: &str) -> Option<SystemTime> {
    let milliseconds = value.split('&').find_map(|part| part.strip_prefix("e="))?.parse().ok()?;
    UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(value: &str) -> Given {
        Cookie::given(&HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_str(value).unwrap())]))
    }

    #[test]
    fn the_value_is_kept_as_it_came_and_its_end_is_known() {
        let value = "hadoop.auth=\"u=alice&p=alice@R&t=kerberos&e=1000000&s=x=\"; HttpOnly";
        let Given::New(cookie) = given(value) else { panic!("no cookie") };
        assert_eq!(cookie.header(), "hadoop.auth=\"u=alice&p=alice@R&t=kerberos&e=1000000&s=x=\"");
        assert!(cookie.is_fresh(UNIX_EPOCH + Duration::from_secs(969)));
        assert!(!cookie.is_fresh(UNIX_EPOCH + Duration::from_secs(971)));
        assert!(!format!("{:?}", cookie.header()).contains("alice"));
    }

    #[test]
    fn an_empty_one_takes_it_away_and_others_are_left_alone() {
        assert!(matches!(given("hadoop.auth=; Expires=Thu, 01-Jan-1970"), Given::Gone));
        assert!(matches!(given("hadoop.auth=\"\""), Given::Gone));
        assert!(matches!(given("JSESSIONID=1"), Given::Nothing));
    }
}
