//! Rows that a cell shows at its end, by `display(df)` or by `%table df`.

use crate::language::scala::{
    statement,
    token::{self, Token, TokenKind},
};

/// What a cell shows at its end.
#[derive(Debug, PartialEq, Eq)]
pub struct ShownRows<'c> {
    /// The code above it.
    pub before: &'c str,
    /// The code whose value is the rows.
    pub expression: &'c str,
    /// What shows them.
    pub by: ShownBy,
}

/// How a cell shows rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownBy {
    /// `display(…)`
    Display,
    /// `%table …`
    Table,
}

/// What the cell shows at its end, if that is its last statement.
pub fn at_the_end_of(code: &str) -> Option<ShownRows<'_>> {
    let tokens = token::tokens(code);
    let statements = statement::statements(code, &tokens);
    let last = statements.last()?;
    let before = &code[..last.tokens.first()?.start];
    let (expression, by) = match last.tokens {
        [magic] if magic.kind == TokenKind::Magic => (table_variable(magic)?, ShownBy::Table),
        _ if defines_display(&tokens) => return None,
        _ => (displayed(code, last.tokens)?, ShownBy::Display),
    };
    Some(ShownRows { before, expression, by })
}

/// The name in `%table name`.
fn table_variable<'c>(magic: &Token<'c>) -> Option<&'c str> {
    let name = magic.text.strip_prefix("%table")?;
    let is_name = |name: &str| name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
    let begins = name.starts_with(char::is_whitespace);
    Some(name.trim()).filter(|name| begins && !name.is_empty() && is_name(name))
}

/// Whether `display` is the user's own function.
fn defines_display(tokens: &[Token<'_>]) -> bool {
    tokens.windows(2).any(|pair| pair[0].text == "def" && pair[1].text == "display")
}

/// The expression in `display(expression)`.
fn displayed<'c>(code: &'c str, statement: &[Token<'c>]) -> Option<&'c str> {
    let [display, open, within @ .., close] = statement else { return None };
    let is_call = display.text == "display"
        && open.text == "("
        && close.kind == TokenKind::Close
        && close.depth == open.depth
        && within.iter().all(|token| token.depth > open.depth && !is_comma(token, open));
    let expression = code.get(open.end()..close.start)?;
    (is_call && !within.is_empty()).then_some(expression)
}

/// Whether this is a comma between arguments, of which the rows are only one.
fn is_comma(token: &Token<'_>, open: &Token<'_>) -> bool {
    token.text == "," && token.depth == open.depth + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, before: &str, expression: &str) {
        let found = at_the_end_of(code).expect(code);
        assert_eq!((found.before, found.expression), (before, expression), "{code}");
    }

    #[test]
    fn a_table_and_a_display_at_the_end_are_found() {
        check("%table df", "", "df");
        check("val x = 1\n%table x", "val x = 1\n", "x");
        check("display(df)", "", "df");
        check(
            "val df = f\ndisplay(df.limit(f(1, 2)))\n// shown",
            "val df = f\n",
            "df.limit(f(1, 2))",
        );
        check("display(\n  df\n    .limit(5)\n)", "", "\n  df\n    .limit(5)\n");
    }

    #[test]
    fn other_statements_are_not() {
        for code in [
            "",
            "df",
            "display",
            "display()",
            "display(a, b)",
            "display(a).b",
            "display(a)(b)",
            "a.display(b)",
            "display(df)\n1",
            "def display(x: Any) = x\ndisplay(df)",
            "%table df\n1",
            "%json df",
            "%tablex",
            "%table a b",
            "%table a; b",
        ] {
            assert_eq!(at_the_end_of(code), None, "{code}");
        }
    }
}
