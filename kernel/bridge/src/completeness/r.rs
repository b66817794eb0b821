//! R, as its own console judges it.

use jupyter_wire::content::{Completeness, IsCompleteReply};

use super::{
    indent_after,
    reading::{Reading, reply},
};

/// Judges code.
pub fn completeness(code: &str) -> IsCompleteReply {
    let Some(reading) = Reading::of(code, &tree_sitter_r::LANGUAGE.into()) else {
        return IsCompleteReply::new(Completeness::Unknown);
    };
    let status = match reading.verdict() {
        // The grammar's tokens may be understood by half.
        Completeness::Invalid if is_in_a_raw_string(&reading) => Completeness::Incomplete,
        Completeness::Complete if wants_a_name(&reading) => Completeness::Incomplete,
        status => status,
    };
    reply(status, || indent_after(code, &["{", "(", "["], "  "))
}

/// `r"--(` and its like: nothing but an open string makes what follows wrong.
fn is_in_a_raw_string(reading: &Reading<'_>) -> bool {
    let Some(quote) = reading.understood.strip_suffix(['(', '[', '{']) else {
        return false;
    };
    let quote = quote.trim_end_matches('-');
    ["r\"", "R\"", "r'", "R'"].iter().any(|opening| quote.ends_with(opening))
}

/// The grammar lets `x$` stand.
fn wants_a_name(reading: &Reading<'_>) -> bool {
    matches!(reading.last_token().0, "$" | "@" | "::" | ":::")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: Completeness, codes: &[&str]) {
        for code in codes {
            assert_eq!(completeness(code).status, expected, "{code:?}");
        }
    }

    #[test]
    fn whole_code_is_complete() {
        check(
            Completeness::Complete,
            &[
                "",
                "x <- 1",
                "# x",
                "'abc\ndef'",
                "x[[1]]",
                "if (x) 1",
                "f <- function(x) {\n  x\n}",
                "x$y",
                "r\"(a\"b)\"",
            ],
        );
    }

    #[test]
    fn the_beginning_of_code_is_incomplete() {
        check(
            Completeness::Incomplete,
            &[
                "x <-",
                "f(",
                "f(1,",
                "if (x)",
                "if (x) 1 else",
                "function(x)",
                "for (i in 1:3) {",
                "while (TRUE)",
                "x %>%",
                "1 +",
                "x$",
                "x[[1",
                "\"abc",
                "r\"--(abc",
            ],
        );
    }

    #[test]
    fn what_nothing_can_mend_is_invalid() {
        check(Completeness::Invalid, &[")", "f(1))", "1 +* 2", "x <- ]"]);
    }

    #[test]
    fn what_opens_is_indented_by_two() {
        assert_eq!(completeness("f <- function(x) {").indent.as_deref(), Some("  "));
    }
}
