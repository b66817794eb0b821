//! Durations as Livy writes them, such as `2h`.

/// Why a text is no duration. The messages are Livy's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidDuration {
    #[error("Invalid time string: {0}")]
    Text(String),
    #[error("Invalid suffix: \"{0}\"")]
    Suffix(String),
    #[error("Invalid value: {0}")]
    Value(i64),
}

/// Reads a duration in milliseconds. Livy writes a whole number and a unit, or milliseconds without a unit.
pub(crate) fn parse_duration(text: &str) -> Result<u64, InvalidDuration> {
    let invalid = || InvalidDuration::Text(text.to_owned());
    let lower = text.trim().to_ascii_lowercase();
    let end = lower.find(|c: char| c != '-' && !c.is_ascii_digit()).unwrap_or(lower.len());
    let (number, unit) = lower.split_at(end);
    let number: i64 = number.parse().map_err(|_| invalid())?;
    if !unit.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Err(invalid());
    }
    let value = |number| u64::try_from(number).map_err(|_| InvalidDuration::Value(number));
    Ok(match unit {
        "us" => value(number)? / 1000,
        "" | "ms" => value(number)?,
        "s" => value(number)?.saturating_mul(1000),
        "m" | "min" => value(number)?.saturating_mul(60_000),
        "h" => value(number)?.saturating_mul(3_600_000),
        "d" => value(number)?.saturating_mul(86_400_000),
        other => return Err(InvalidDuration::Suffix(other.to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_livys() {
        for (text, milliseconds) in
            [("2h", 7_200_000), ("90 ", 90), ("5MIN", 300_000), ("1500us", 1), ("0s", 0)]
        {
            assert_eq!(parse_duration(text), Ok(milliseconds), "{text}");
        }
        for (text, words) in [
            ("soon", "Invalid time string: soon"),
            ("", "Invalid time string: "),
            ("5 s", "Invalid time string: 5 s"),
            ("1.5h", "Invalid time string: 1.5h"),
            ("2y", "Invalid suffix: \"y\""),
            ("-5s", "Invalid value: -5"),
        ] {
            assert_eq!(parse_duration(text).unwrap_err().to_string(), words, "{text}");
        }
    }
}
