//! The cursor in a cell. Jupyter counts its position in code points, the JVM in UTF-16 units.

use crate::language::comment::has_no_code;

/// A cell's code, split at the cursor.
#[derive(Debug, PartialEq, Eq)]
pub struct Cursor<'c> {
    /// The code before the cursor.
    pub before: &'c str,
    /// The code after the cursor.
    pub after: &'c str,
}

impl<'c> Cursor<'c> {
    /// Splits the code at a position in code points. A position outside the code is moved to its
    /// nearest end.
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

    /// The whole name that the cursor is in or next to.
    pub fn whole_word(&self) -> String {
        let (_, after) = self.around_the_word();
        let rest = &self.after[..self.after.len() - after.len()];
        format!("{}{rest}", self.word())
    }

    /// The part of the line before the cursor.
    pub fn line(&self) -> &'c str {
        self.before.rsplit('\n').next().unwrap_or_default()
    }

    /// The code before and after the name that the cursor is in or next to.
    pub fn around_the_word(&self) -> (&'c str, &'c str) {
        let before = &self.before[..self.before.len() - self.word().len()];
        (before, self.after.trim_start_matches(is_word))
    }

    /// Whether all lines above the cursor's are blank or comments.
    pub fn is_in_the_first_line(&self) -> bool {
        has_no_code(&self.before[..self.before.len() - self.line().len()])
    }
}

/// Whether a character can be part of a name, in any of the languages.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of text in code points, as Jupyter counts.
pub fn code_points(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

/// The length of text in UTF-16 units, as the JVM counts.
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
