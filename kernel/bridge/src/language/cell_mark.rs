//! The mark below a Python cell's code, by which the session's agent knows the cell before it runs.
//! Pure.
//!
//! It is a comment, since the code must also run where no agent reads it. Statements without it are those
//! of the session's other clients.

/// How the line of the mark begins.
const MARK: &str = "\n# livy-kernel cell";
/// A longer id of a request is left out.
const REQUEST_LIMIT: usize = 200;

/// What the mark says.
#[derive(Clone, Copy, Debug)]
pub struct CellMark<'a> {
    /// The cell's number, if its history is kept.
    pub number: Option<u32>,
    /// The kernel that sends the cell, in hexadecimal digits.
    pub kernel: &'a str,
    /// The id of the frontend's request.
    pub request: Option<&'a str>,
}

impl CellMark<'_> {
    /// Appends the mark to the code.
    pub fn below(&self, code: &str) -> String {
        let mut marked = format!("{code}{MARK}");
        if let Some(number) = self.number {
            marked += &format!(" {number}");
        }
        if !self.kernel.is_empty() {
            marked += &format!(" by {}", self.kernel);
            marked += &self.request().map(|id| format!("/{id}")).unwrap_or_default();
        }
        marked
    }

    /// The request's id, unless it could be anything but a word of a comment.
    fn request(&self) -> Option<&str> {
        let is_word = |id: &&str| !id.is_empty() && id.chars().all(|c| c.is_ascii_graphic());
        self.request.filter(is_word).filter(|id| id.len() <= REQUEST_LIMIT)
    }
}

/// The code without its mark, if it has one.
pub fn without_mark(code: &str) -> &str {
    match code.rsplit_once(MARK) {
        Some((code, rest)) if is_rest(rest) => code,
        _ => code,
    }
}

/// Whether the rest of a line is that of a mark.
fn is_rest(rest: &str) -> bool {
    let (number, sender) = rest.split_once(" by ").unwrap_or((rest, "0"));
    let kernel = sender.split_once('/').map_or(sender, |(kernel, _)| kernel);
    number.chars().all(|c| c == ' ' || c.is_ascii_digit())
        && kernel.chars().all(|c| c.is_ascii_hexdigit())
        && !sender.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(code: &str, number: Option<u32>, kernel: &str, request: Option<&str>) -> String {
        CellMark { number, kernel, request }.below(code)
    }

    #[test]
    fn a_mark_is_the_last_line() {
        assert_eq!(mark("x", Some(5), "", None), "x\n# livy-kernel cell 5");
        assert_eq!(mark("x\n", None, "", None), "x\n\n# livy-kernel cell");
        let whole = mark("x", Some(5), "a1", Some("9_2"));
        assert_eq!(whole, "x\n# livy-kernel cell 5 by a1/9_2");
        for code in ["x", "x\n# livy-kernel cell y", "x\n# livy-kernel cell 5 by me"] {
            for sender in [("", None), ("a1", None), ("a1", Some("9_2"))] {
                for number in [None, Some(5)] {
                    assert_eq!(without_mark(&mark(code, number, sender.0, sender.1)), code);
                }
            }
            assert_eq!(without_mark(code), code);
        }
    }

    #[test]
    fn a_request_whose_id_is_no_word_is_left_out() {
        let long = "x".repeat(REQUEST_LIMIT + 1);
        for id in ["", "a b", "a\nimport os", "\u{2028}", &long] {
            assert_eq!(mark("x", None, "a1", Some(id)), "x\n# livy-kernel cell by a1");
        }
    }
}
