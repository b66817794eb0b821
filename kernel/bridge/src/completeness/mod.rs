//! Whether code can run as it is, which a console asks at the end of each line. A grammar of the
//! language says so.

mod python;
mod r;
mod reading;
mod scala;
mod sql;

pub use sql::TOKENS as SQL_TOKENS;

use jupyter_wire::content::{Completeness, IsCompleteReply};

use crate::{kind::Kind, magic, source};

/// Judges a cell by the language that it is in.
pub fn of(cell: &str, kernel: Kind) -> IsCompleteReply {
    let source = source::read(cell, kernel);
    if let Some(head) = &source.head
        && source.code.trim().is_empty()
    {
        return match head.starts_with("%%") && !source::from_magic(cell).contains('\n') {
            true => IsCompleteReply::incomplete(""),
            false => IsCompleteReply::new(Completeness::Complete),
        };
    }
    let code = without_line_magics(&source.code);
    match source.kind {
        // A magic of somebody else's.
        _ if code.trim_start().starts_with('%') => IsCompleteReply::new(Completeness::Unknown),
        Kind::Pyspark => python::completeness(&code),
        Kind::Spark => scala::completeness(&code),
        Kind::Sparkr => r::completeness(&code),
        Kind::Sql => sql::completeness(&code),
    }
}

/// Livy takes these lines out before the language sees the code.
fn without_line_magics(code: &str) -> String {
    let lines: Vec<&str> = code.split('\n').collect();
    let kept = lines.iter().map(|line| if magic::is_line_magic(line) { "" } else { line });
    kept.collect::<Vec<_>>().join("\n")
}

/// The line that is being typed, as it is indented, and further by `step` if it opens something.
fn indent_after(code: &str, openers: &[&str], step: &str) -> String {
    let line = code.trim_end().rsplit('\n').next().unwrap_or_default();
    let indent: String = line.chars().take_while(|c| c.is_whitespace()).collect();
    match openers.iter().any(|opener| line.ends_with(opener)) {
        true => indent + step,
        false => indent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cell: &str, kernel: Kind, expected: Completeness) {
        assert_eq!(of(cell, kernel).status, expected, "{cell:?}");
    }

    #[test]
    fn a_cell_is_judged_by_the_language_of_its_magic() {
        check("%%sql\nselect * from", Kind::Pyspark, Completeness::Incomplete);
        check("%%sql\nselect 1", Kind::Pyspark, Completeness::Complete);
        check("%%scala\nval x =", Kind::Sql, Completeness::Incomplete);
        check("%%pyspark\nif x:", Kind::Spark, Completeness::Incomplete);
        check("%%r\nf(1))", Kind::Spark, Completeness::Invalid);
    }

    #[test]
    fn a_magic_alone_waits_for_its_code_until_a_blank_line_ends_it() {
        check("%%sql", Kind::Pyspark, Completeness::Incomplete);
        check("%%sql\n", Kind::Pyspark, Completeness::Complete);
    }

    #[test]
    fn livys_line_magics_are_no_code() {
        check("%json x", Kind::Pyspark, Completeness::Complete);
        check("%%time\nx = 1", Kind::Pyspark, Completeness::Complete);
        check("x = 1\n%table x", Kind::Spark, Completeness::Complete);
        check("f(\n%json x", Kind::Pyspark, Completeness::Incomplete);
    }

    #[test]
    fn of_unknown_magics_nothing_is_known() {
        check("%%nobody\nx", Kind::Pyspark, Completeness::Unknown);
        check("%nobody x", Kind::Spark, Completeness::Unknown);
    }

    #[test]
    fn no_text_is_too_much_for_any_grammar() {
        let text = "%%x\nf(é, \"𨭎\", s\"${a}\", '''b'''\n) [{ `ü` }] /* 𨭎 */ -- c # d\n@e: \\\n\u{0}%json ü";
        for (end, _) in text.char_indices() {
            for kind in Kind::ALL {
                of(&text[..end], kind);
                of(&text[end..], kind);
            }
        }
        for repeated in ["(", ")", "[1,", "{\n", "\"", "'''", "if x:\n", "a.", "-", "case "] {
            for kind in Kind::ALL {
                of(&repeated.repeat(500), kind);
            }
        }
    }
}
