//! Answers whether code is complete, which a console asks at the end of each line
//! ([`is_complete_request`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#code-completeness)).
//! A grammar of the code's language decides.

mod python;
mod r;
mod reading;
mod scala;
mod sql;

pub use sql::SQL_TOKENS;

use jupyter_wire::content::{Completeness, IsCompleteReply};

use crate::{
    kind::Kind,
    language::{
        cell_source::{self, CellSource},
        completeness::reading::indent_after,
        magic_table,
    },
};

/// Judges a cell by its language, which its magic may choose.
pub fn judge(cell: &str, kernel: Kind) -> IsCompleteReply {
    let source = cell_source::parse(cell, kernel);
    match cell_source::skip_to_magic(cell) {
        begun if begun.starts_with("%%") => judge_cell_magic(begun, &source),
        _ => judge_code(&source),
    }
}

/// A cell below a magic is any text, so a blank line ends it, as in IPython. A grammar is asked only
/// whether it needs more all the same, or can never be right.
fn judge_cell_magic(begun: &str, source: &CellSource) -> IsCompleteReply {
    if magic_table::is_alone(begun) {
        return IsCompleteReply::new(Completeness::Complete);
    }
    let has_code = source.head.is_some() && !source.code.trim().is_empty();
    let judged = has_code.then(|| judge_code(source));
    let decided = |reply: &IsCompleteReply| {
        matches!(reply.status, Completeness::Incomplete | Completeness::Invalid)
    };
    match judged.filter(decided) {
        Some(reply) => reply,
        None if ends_in_a_blank_line(begun) => IsCompleteReply::new(Completeness::Complete),
        None => IsCompleteReply::incomplete(indent_after(begun, &[], "")),
    }
}

fn ends_in_a_blank_line(cell: &str) -> bool {
    cell[cell.trim_end().len()..].matches('\n').count() > 1
}

fn judge_code(source: &CellSource) -> IsCompleteReply {
    if source.kind == Kind::Pyspark {
        return python::completeness(&source.code);
    }
    let code = without_line_magics(&source.code);
    match source.kind {
        // A magic that this kernel does not know.
        _ if code.trim_start().starts_with('%') => IsCompleteReply::new(Completeness::Unknown),
        Kind::Pyspark => python::completeness(&code),
        Kind::Spark => scala::completeness(&code),
        Kind::Sparkr => r::completeness(&code),
        Kind::Sql => sql::completeness(&code),
    }
}

/// Blanks the lines that Livy or the agent takes out before the interpreter gets the code.
fn without_line_magics(code: &str) -> String {
    let lines: Vec<&str> = code.split('\n').collect();
    let kept = lines.iter().map(|line| if magic_table::is_line_magic(line) { "" } else { line });
    kept.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cell: &str, kernel: Kind, expected: Completeness) {
        assert_eq!(judge(cell, kernel).status, expected, "{cell:?}");
    }

    /// Asserts that each of the codes has the expected status, for the tests of one language.
    #[track_caller]
    pub(super) fn check_all(
        completeness: fn(&str) -> IsCompleteReply,
        expected: Completeness,
        codes: &[&str],
    ) {
        for code in codes {
            assert_eq!(completeness(code).status, expected, "{code:?}");
        }
    }

    #[test]
    fn a_cell_is_judged_by_the_language_of_its_magic() {
        check("%%sql\nselect * from", Kind::Pyspark, Completeness::Incomplete);
        check("%%sql\nselect 1\n\n", Kind::Pyspark, Completeness::Complete);
        check("%%scala\nval x =", Kind::Sql, Completeness::Incomplete);
        check("%%pyspark\nif x:", Kind::Spark, Completeness::Incomplete);
        check("%%r\nf(1))", Kind::Spark, Completeness::Invalid);
    }

    #[test]
    fn a_cell_below_a_magic_waits_for_a_blank_line() {
        for kind in Kind::ALL {
            for magic in ["%%sql", "%%bash", "%%nobody", "\n# all\n%%sql -q", "%%configure -f"] {
                for more in ["", "\n", "\n1", "\n1\n", "\n1\n  "] {
                    check(&format!("{magic}{more}"), kind, Completeness::Incomplete);
                }
                check(&format!("{magic}\n\n"), kind, Completeness::Complete);
            }
            check("%%bash\nls\n\n", kind, Completeness::Complete);
            check("%%sql\nselect 1\n  \n", kind, Completeness::Complete);
            check("%%sql\nselect (1\n\n", kind, Completeness::Incomplete);
        }
    }

    #[test]
    fn a_magic_that_has_no_cell_waits_for_nothing() {
        check("%%info", Kind::Pyspark, Completeness::Complete);
        check("%%sessions --all", Kind::Sql, Completeness::Complete);
        check("%info", Kind::Sql, Completeness::Complete);
    }

    #[test]
    fn line_magics_are_not_code() {
        check("%json x", Kind::Pyspark, Completeness::Complete);
        check("x = 1\n%table x", Kind::Spark, Completeness::Complete);
        check("f(\n%json x", Kind::Pyspark, Completeness::Incomplete);
    }

    #[test]
    fn lines_of_unknown_magics_are_unknown_but_in_python() {
        check("%nobody x", Kind::Pyspark, Completeness::Complete);
        check("%nobody x", Kind::Spark, Completeness::Unknown);
        check("%nobody x", Kind::Sql, Completeness::Unknown);
    }

    #[test]
    fn every_grammar_survives_every_text() {
        let text = "%%x\nf(é, \"𨭎\", s\"${a}\", '''b'''\n) [{ `ü` }] /* 𨭎 */ -- c # d\n@e: \\\n\u{0}%json ü";
        for (end, _) in text.char_indices() {
            for kind in Kind::ALL {
                judge(&text[..end], kind);
                judge(&text[end..], kind);
            }
        }
        for repeated in ["(", ")", "[1,", "{\n", "\"", "'''", "if x:\n", "a.", "-", "case "] {
            for kind in Kind::ALL {
                judge(&repeated.repeat(500), kind);
            }
        }
    }
}
