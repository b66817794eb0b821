//! Numbers of rows in words.

/// Says how many rows are shown, and whether there are more or how many in all.
pub fn row_count(rows: usize, more: bool, total: Option<usize>) -> String {
    match (more, total) {
        (false, _) => how_many(rows),
        (true, Some(total)) => format!("{} of {} rows", grouped(rows), grouped(total)),
        (true, None) => format!("{}; there are more", how_many(rows)),
    }
}

/// A number of rows in words.
pub fn how_many(rows: usize) -> String {
    match rows {
        1 => "1 row".to_owned(),
        rows => format!("{} rows", grouped(rows)),
    }
}

/// A number with commas between its thousands.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        let grouped = [0, 999, 1000, 1_200_000].map(grouped);
        assert_eq!(grouped, ["0", "999", "1,000", "1,200,000"]);
    }
}
