//! A place in a cell, which each side counts in units of its own.

use crate::source;

/// A cell's code around the cursor.
#[derive(Debug, PartialEq, Eq)]
pub struct Cursor<'c> {
    /// What stands before it.
    pub before: &'c str,
    /// What stands after it.
    pub after: &'c str,
}

impl<'c> Cursor<'c> {
    /// A position in code points, as Jupyter counts. One outside the code is taken for the nearest
    /// inside.
    pub fn at(code: &'c str, code_points: i64) -> Self {
        let count = usize::try_from(code_points).unwrap_or(0);
        let byte = code.char_indices().nth(count).map_or(code.len(), |(byte, _)| byte);
        let (before, after) = code.split_at(byte);
        Self { before, after }
    }

    /// The part of a name before the cursor.
    pub fn word(&self) -> &'c str {
        let start = self.before.trim_end_matches(is_word).len();
        &self.before[start..]
    }

    /// The name that the cursor is in, or at.
    pub fn whole_word(&self) -> String {
        let (_, after) = self.around_the_word();
        let rest = &self.after[..self.after.len() - after.len()];
        format!("{}{rest}", self.word())
    }

    /// The line up to the cursor.
    pub fn line(&self) -> &'c str {
        self.before.rsplit('\n').next().unwrap_or_default()
    }

    /// The code without the name that the cursor is in, or at.
    pub fn around_the_word(&self) -> (&'c str, &'c str) {
        let before = &self.before[..self.before.len() - self.word().len()];
        (before, self.after.trim_start_matches(is_word))
    }

    /// Whether nothing but blank lines and comments stands before its line.
    pub fn is_in_the_first_line(&self) -> bool {
        source::says_nothing(&self.before[..self.before.len() - self.line().len()])
    }
}

/// Part of a name in each of the languages.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// As Jupyter counts.
pub fn code_points(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

/// As the JVM counts.
pub fn utf16_units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_ends_at_the_cursor() {
        assert_eq!(Cursor::at("spark.range", 8).word(), "ra");
        assert_eq!(Cursor::at("x = ", 4).word(), "");
        assert_eq!(Cursor::at("größe", 5).word(), "größe");
    }

    #[test]
    fn the_whole_word_goes_on_after_the_cursor() {
        assert_eq!(Cursor::at("spark.range(5)", 8).whole_word(), "range");
        assert_eq!(Cursor::at("f( )", 2).whole_word(), "");
    }

    #[test]
    fn around_the_word_it_is_gone_on_both_sides() {
        assert_eq!(Cursor::at("f(spark.range(5))", 10).around_the_word(), ("f(spark.", "(5))"));
    }

    #[test]
    fn positions_count_code_points_for_jupyter_and_utf16_units_for_the_jvm() {
        let cursor = Cursor::at("\"𨭎\".len", 7);
        assert_eq!((cursor.before, cursor.word()), ("\"𨭎\".len", "len"));
        assert_eq!((code_points(cursor.before), utf16_units(cursor.before)), (7, 8));
    }

    #[test]
    fn a_cursor_outside_the_code_is_moved_inside() {
        assert_eq!(Cursor::at("ab", 99), Cursor { before: "ab", after: "" });
        assert_eq!(Cursor::at("ab", -1), Cursor { before: "", after: "ab" });
    }

    #[test]
    fn the_first_line_may_follow_blank_ones() {
        assert!(Cursor::at("\n  \n%%s", 7).is_in_the_first_line());
        assert!(!Cursor::at("x\n%%s", 5).is_in_the_first_line());
        assert_eq!(Cursor::at("x\n%js y", 5).line(), "%js");
    }
}
