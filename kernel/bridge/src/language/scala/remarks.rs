//! Comments on lines of their own. To the REPL of Scala 2.13 such a line is an error, as it has no code, so
//! it goes along with the code below, or above at the end of a cell. Pure.

use std::ops::Range;

use crate::language::scala::{
    statement::Statement,
    token::{TokenKind, end_of_line, tokens},
};

/// What stands between the comments and the code that takes them along, in bytes and in order.
pub fn joints(code: &str, statements: &[Statement<'_, '_>]) -> Vec<Range<usize>> {
    let places: Vec<_> = statements.iter().filter_map(place).collect();
    let ends = std::iter::once(0).chain(places.iter().map(|place| place.end));
    let joined = ends.zip(&places).zip(statements).filter_map(|((end, place), statement)| {
        let start = if end == 0 { 0 } else { end + end_of_line(code.get(end..place.start)?)? };
        // Livy knows its magics by the beginning of a line.
        let is_magic = statement.tokens.first()?.kind == TokenKind::Magic;
        (!is_magic && has_comment(code, start..place.start)).then_some(start..place.start)
    });
    joined.chain(places.last().and_then(|last| at_the_end(code, last.end))).collect()
}

/// Where a statement is. The tokens within a text stand before the token of the whole text.
fn place(statement: &Statement<'_, '_>) -> Option<Range<usize>> {
    let start = statement.tokens.iter().map(|token| token.start).min()?;
    let end = statement.tokens.iter().map(|token| token.end()).max()?;
    Some(start..end)
}

fn at_the_end(code: &str, end: usize) -> Option<Range<usize>> {
    let gap = code.get(end..)?;
    let start = end + end_of_line(gap)?;
    (are_closed(gap) && has_comment(code, start..code.len())).then(|| end..code.trim_end().len())
}

fn has_comment(code: &str, part: Range<usize>) -> bool {
    code.get(part).is_some_and(|part| !part.trim().is_empty())
}

/// Whether comments have an end: code below an open one is part of it.
fn are_closed(comments: &str) -> bool {
    !tokens(&format!("{comments}\n0")).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::scala::statement::statements;

    #[track_caller]
    fn check(code: &str, expected: &[&str]) {
        let joints = joints(code, &statements(code, &tokens(code)));
        let texts: Vec<&str> = joints.into_iter().map(|joint| &code[joint]).collect();
        assert_eq!(texts, expected, "{code:?}");
    }

    #[test]
    fn a_comment_goes_with_the_code_below() {
        check("// Parameters\nval n = 1", &["// Parameters\n"]);
        check("x // a\n\n// b\n/* c */\ny", &["\n// b\n/* c */\n"]);
        check("\n\n/** a\n */\nobject A", &["\n\n/** a\n */\n"]);
        check("// a\ns\"${b}\"", &["// a\n"]);
    }

    #[test]
    fn a_comment_at_the_end_goes_with_the_code_above() {
        check("x // a\n// b\n", &[" // a\n// b"]);
        check("x\n// b", &["\n// b"]);
    }

    #[test]
    fn code_without_such_lines_stays() {
        for code in ["", "x", "x // a\ny", "x /* a\n b */\ny", "x\n\ny\n", "f {\n// a\n}", "// a"] {
            check(code, &[]);
        }
    }

    #[test]
    fn a_comment_that_is_not_closed_stays_an_error() {
        check("x\n/* a", &[]);
        check("x /* a\n// */ b\n*/ y\n/*", &[]);
    }

    #[test]
    fn a_magic_stays_at_the_beginning_of_its_line() {
        check("// a\n%json x", &[]);
    }
}
