//! Livy's notation for times: `90s`, `20m`, `1h`, `2d`; a number without a unit is in milliseconds. Pure.

use std::time::Duration;

/// Reads a time; `None` if the text is none.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(livy_client::time::parse("20m"), Some(Duration::from_secs(1200)));
/// ```
pub fn parse(text: &str) -> Option<Duration> {
    let text = text.trim().to_ascii_lowercase();
    let (number, unit) =
        text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = number.parse().ok()?;
    let seconds = |each: u64| number.checked_mul(each).map(Duration::from_secs);
    match unit {
        "us" => Some(Duration::from_micros(number)),
        "" | "ms" => Some(Duration::from_millis(number)),
        "s" => seconds(1),
        "m" | "min" => seconds(60),
        "h" => seconds(3600),
        "d" => seconds(86_400),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_a_number_and_a_unit() {
        let seconds = |text| parse(text).map(|time| time.as_secs());
        assert_eq!(seconds("2h"), Some(7200));
        assert_eq!(seconds(" 5MIN "), Some(300));
        assert_eq!(seconds("1500"), Some(1));
        assert_eq!(parse("1500us"), Some(Duration::from_micros(1500)));
        for wrong in [
            "",
            "soon",
            "5 s",
            "1.5h",
            "2y",
            "-5s",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
