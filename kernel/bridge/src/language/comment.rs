//! Comments, in any of the languages.

/// How a line comment begins in Python and R, in Scala, and in SQL.
const COMMENT_SIGNS: [&str; 3] = ["#", "//", "--"];

/// Whether all lines are blank or comments.
pub fn has_no_code(lines: &str) -> bool {
    lines.lines().all(|line| line.trim().is_empty() || is_comment(line.trim_start()))
}

/// Whether a line without indent is a comment in one of the languages.
pub fn is_comment(line: &str) -> bool {
    COMMENT_SIGNS.iter().any(|begin| line.starts_with(begin))
}
