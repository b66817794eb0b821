//! Reads [`Retry-After`](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3): how long a server wants
//! no further request. Pure.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// The longest wait that a server gets, whatever it asks for. One request in ten minutes harms no server,
/// and one that has recovered, or whose clock is wrong, is noticed within that time.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(600);

/// Returns the wait that an answer asks for, [`MAX_RETRY_AFTER`] at most; `None` if it asks for none
/// that can be read.
pub(crate) fn from_headers(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    wait(headers.get(RETRY_AFTER)?.to_str().ok()?.trim(), now)
}

/// Reads seconds or a date; the seconds may be beyond any number, and the date beyond any clock.
fn wait(asked: &str, now: SystemTime) -> Option<Duration> {
    let is_number = !asked.is_empty() && asked.bytes().all(|byte| byte.is_ascii_digit());
    let wait = match is_number {
        true => Duration::from_secs(asked.parse().unwrap_or(u64::MAX)),
        false => httpdate::parse_http_date(asked).ok()?.duration_since(now).ok()?,
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_number_of_seconds_or_a_date_to_come() {
        let now = httpdate::parse_http_date("Wed, 25 Nov 2026 10:00:00 GMT").unwrap();
        assert_eq!(wait("7", now), Some(Duration::from_secs(7)));
        assert_eq!(wait("Wed, 25 Nov 2026 10:00:30 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(wait("Wed, 25 Nov 2026 09:00:00 GMT", now), None);
        for nothing in ["", "soon", "-1", "1.5", "1e9", "+7", "Wed, 99 Nov 2026"] {
            assert_eq!(wait(nothing, now), None, "{nothing}");
        }
    }

    #[test]
    fn however_much_is_asked_for_it_is_obeyed_for_ten_minutes() {
        let far = [
            "601",
            "18446744073709551615",
            "18446744073709551616",
            &"9".repeat(10_000),
            "Fri, 31 Dec 9999 23:59:59 GMT",
        ];
        for now in [SystemTime::UNIX_EPOCH, SystemTime::now()] {
            for asked in far {
                assert_eq!(wait(asked, now), Some(MAX_RETRY_AFTER), "{asked}");
            }
        }
    }
}
