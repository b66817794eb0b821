//! Reads numbers as servers send them. A missing or null one is zero, and one beyond its limits is the
//! limit: an odd number is no reason to refuse a whole answer. Pure.

use serde::{Deserialize, Deserializer};
use serde_json::Number;

/// Reads a share of a whole, from 0 to 1.
pub(crate) fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let share = number(deserializer)?.as_f64().unwrap_or_default();
    Ok(if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 })
}

/// Reads a count, 0 or more.
pub(crate) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = number(deserializer)?;
    Ok(number.as_u64().unwrap_or_else(|| saturated(&number).try_into().unwrap_or_default()))
}

/// Reads a time in milliseconds since 1970.
pub(crate) fn milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let number = number(deserializer)?;
    Ok(number.as_i64().unwrap_or_else(|| saturated(&number)))
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_else(|| 0.into()))
}

#[allow(clippy::cast_possible_truncation, reason = "a cast from a float ends at the limits")]
fn saturated(number: &Number) -> i64 {
    number.as_f64().unwrap_or_default() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Debug, PartialEq)]
    struct Numbers {
        #[serde(default, deserialize_with = "share")]
        share: f64,
        #[serde(default, deserialize_with = "count")]
        count: u64,
        #[serde(default, deserialize_with = "milliseconds")]
        at: i64,
    }

    #[track_caller]
    fn check(number: &str, share: f64, count: u64, at: i64) {
        let text = format!(r#"{{"share": {number}, "count": {number}, "at": {number}}}"#);
        let read: Numbers = serde_json::from_str(&text).unwrap();
        assert_eq!(read, Numbers { share, count, at }, "{number}");
    }

    #[test]
    fn numbers_beyond_their_limits_are_the_limits() {
        check("0.5", 0.5, 0, 0);
        check("7", 1.0, 7, 7);
        check("-1", 0.0, 0, -1);
        check("18446744073709551615", 1.0, u64::MAX, i64::MAX);
        check("1e308", 1.0, i64::MAX.unsigned_abs(), i64::MAX);
        check("-1e308", 0.0, 0, i64::MIN);
    }

    #[test]
    fn what_is_missing_or_null_is_zero_and_what_is_no_number_an_error() {
        check("null", 0.0, 0, 0);
        let missing: Numbers = serde_json::from_str("{}").unwrap();
        assert_eq!(missing, Numbers { share: 0.0, count: 0, at: 0 });
        for odd in ["\"7\"", "\"NaN\"", "[1]", "{}", "true", "NaN", "1e999"] {
            for field in ["share", "count", "at"] {
                let text = format!(r#"{{"{field}": {odd}}}"#);
                serde_json::from_str::<Numbers>(&text).unwrap_err();
            }
        }
    }
}
