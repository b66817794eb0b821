//! Amounts of memory, of processors and of time as Spark, Kubernetes and Livy write them. Pure.
//!
//! What is not understood is no amount: it might be understood as a large one elsewhere.

use std::{fmt, time::Duration};

use livy_client::time;
use serde::Deserialize;

/// Spark's unit of most amounts of memory without a unit.
pub const MEBIBYTE: u64 = 1 << 20;

/// An amount of memory, as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Memory {
    text: String,
    pub bytes: u64,
}

/// A time in Livy's notation, as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Time {
    pub text: String,
    pub length: Duration,
}

impl TryFrom<String> for Memory {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match memory(&text, MEBIBYTE) {
            Some(bytes) => Ok(Self { text, bytes }),
            None => Err(format!("{text:?} must be a size such as 8g")),
        }
    }
}

impl TryFrom<String> for Time {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match time::parse(&text) {
            Some(length) => Ok(Self { text, length }),
            None => Err(format!("{text:?} must be a time such as 90s, 20m, 2h or 1d")),
        }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Reads the bytes of [Spark's notation](https://spark.apache.org/docs/latest/configuration.html#spark-properties),
/// in which a number alone has the unit of its property.
pub fn memory(text: &str, unit: u64) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let (number, suffix) =
        text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit = match suffix {
        "" => unit,
        "b" => 1,
        "k" | "kb" => 1 << 10,
        "m" | "mb" => 1 << 20,
        "g" | "gb" => 1 << 30,
        "t" | "tb" => 1 << 40,
        "p" | "pb" => 1 << 50,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// Reads a factor such as `0.1`, and returns that part of an amount.
pub fn part_of(amount: u64, factor: &str) -> Option<u64> {
    let factor: f64 = factor.trim().parse().ok()?;
    // The cast takes the largest number for all that is more.
    (factor.is_finite() && factor >= 0.0).then_some((factor * amount as f64) as u64)
}

/// Reads thousandths of a processor: `2`, and Kubernetes' `500m` and `1.5`.
pub fn millicores(text: &str) -> Option<u64> {
    let text = text.trim();
    if let Some(thousandths) = text.strip_suffix('m') {
        return thousandths.parse().ok();
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let begun = u64::from(fraction.bytes().any(|digit| digit != b'0'));
    let thousandths: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let cut = if fraction.len() > 3 { begun } else { 0 };
    whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(thousandths + cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_as_spark_reads_it() {
        let gigabytes = 8 << 30;
        for text in ["8g", "8G", " 8gb ", "8192m", "8192", "8388608k", "8589934592b"] {
            assert_eq!(memory(text, MEBIBYTE), Some(gigabytes), "{text}");
        }
        assert_eq!(memory("8589934592", 1), Some(gigabytes));
        for text in
            ["", "g", "1.5g", "-1", "8 g", "8gib", "８g", "1e9", "99999999p", "${x}", "8g,1"]
        {
            assert_eq!(memory(text, MEBIBYTE), None, "{text}");
        }
    }

    #[test]
    fn a_part_is_a_factor_that_is_a_number() {
        let parts = ["0.5", " 2 ", "0", "1e300"].map(|factor| part_of(10, factor));
        assert_eq!(parts, [Some(5), Some(20), Some(0), Some(u64::MAX)]);
        for factor in ["", "NaN", "inf", "-1", "half"] {
            assert_eq!(part_of(10, factor), None, "{factor}");
        }
    }

    #[test]
    fn parts_of_a_processor_are_counted() {
        let expected = [("2", 2000), ("1.5", 1500), ("500m", 500), ("4.0001", 4001), ("0", 0)];
        for (text, thousandths) in expected {
            assert_eq!(millicores(text), Some(thousandths), "{text}");
        }
        for text in ["", "two", "-1", "1.", ".5", "1.5m", "６４", "1e3", "2k"] {
            assert_eq!(millicores(text), None, "{text}");
        }
    }
}
