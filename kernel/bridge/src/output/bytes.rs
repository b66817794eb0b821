//! Writes numbers of bytes for people. Pure.

const UNITS: [(f64, &str); 3] = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];

/// Writes so many bytes, such as "12.3 MB".
#[allow(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
pub fn bytes(count: u64) -> String {
    let number = count as f64;
    match UNITS.iter().find(|(unit, _)| number >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", number / unit),
        None if count == 1 => "1 byte".to_owned(),
        None => format!("{count} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_fits_the_number() {
        let written = [0, 1, 999, 1_000, 12_345_678, 5_000_000_000].map(bytes);
        assert_eq!(written, ["0 bytes", "1 byte", "999 bytes", "1.0 kB", "12.3 MB", "5.0 GB"]);
    }
}
