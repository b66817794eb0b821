//! The mark below a Python cell's code, by which the session's agent knows the cell before it runs.
//! Pure.
//!
//! It is a comment, since the code must also run where no agent reads it. Statements without it are those
//! of the session's other clients.

/// How the line of the mark begins.
const MARK: &str = "\n# livy-kernel cell";

/// Appends the mark of the cell with this number, or of a cell whose history is not kept.
pub fn mark(code: &str, number: Option<u32>) -> String {
    match number {
        Some(number) => format!("{code}{MARK} {number}"),
        None => format!("{code}{MARK}"),
    }
}

/// The code without its mark, if it has one.
pub fn without_mark(code: &str) -> &str {
    match code.rsplit_once(MARK) {
        Some((code, number)) if number.chars().all(|c| c == ' ' || c.is_ascii_digit()) => code,
        _ => code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_the_last_line() {
        assert_eq!(mark("x", Some(5)), "x\n# livy-kernel cell 5");
        assert_eq!(mark("x\n", None), "x\n\n# livy-kernel cell");
        for code in ["x", "x\n# livy-kernel cell y"] {
            assert_eq!(without_mark(&mark(code, Some(5))), code);
            assert_eq!(without_mark(code), code);
        }
    }
}
