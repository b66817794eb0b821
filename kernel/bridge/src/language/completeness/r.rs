//! Judges R as its own console does.

use jupyter_wire::content::{Completeness, IsCompleteReply};

use crate::language::completeness::reading::{Reading, indent_after, reply};

/// Judges code of R.
pub fn completeness(code: &str) -> IsCompleteReply {
    let Some(reading) = Reading::of(code, &tree_sitter_r::LANGUAGE.into()) else {
        return IsCompleteReply::new(Completeness::Unknown);
    };
    let status = match reading.verdict() {
        // The parser may have read only half of a token.
        Completeness::Invalid if is_in_a_raw_string(&reading) => Completeness::Incomplete,
        Completeness::Complete if wants_a_name(&reading) => Completeness::Incomplete,
        status => status,
    };
    reply(status, || indent_after(code, &["{", "(", "["], "  "))
}

/// Whether the error comes after the beginning of a raw string, such as `r"--(`.
fn is_in_a_raw_string(reading: &Reading<'_>) -> bool {
    let Some(quote) = reading.understood.strip_suffix(['(', '[', '{']) else {
        return false;
    };
    let quote = quote.trim_end_matches('-');
    ["r\"", "R\"", "r'", "R'"].iter().any(|opening| quote.ends_with(opening))
}

/// Whether the code ends like `x$`, which the grammar allows.
fn wants_a_name(reading: &Reading<'_>) -> bool {
    matches!(reading.last_token().0, "$" | "@" | "::" | ":::")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::completeness::tests::check_all;

    #[test]
    fn finished_code_is_complete() {
        check_all(
            completeness,
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
        check_all(
            completeness,
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
    fn code_that_more_code_cannot_mend_is_invalid() {
        check_all(completeness, Completeness::Invalid, &[")", "f(1))", "1 +* 2", "x <- ]"]);
    }

    #[test]
    fn an_open_block_is_indented_by_two() {
        assert_eq!(completeness("f <- function(x) {").indent.as_deref(), Some("  "));
    }
}
