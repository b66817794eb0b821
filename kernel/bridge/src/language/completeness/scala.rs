//! Judges Scala as its own REPL does.

use jupyter_wire::content::{Completeness, IsCompleteReply};

use crate::language::completeness::reading::{Reading, indent_after, reply};

/// Judges code of Scala.
pub fn completeness(code: &str) -> IsCompleteReply {
    let Some(reading) = Reading::of(code, &tree_sitter_scala::LANGUAGE.into()) else {
        return IsCompleteReply::new(Completeness::Unknown);
    };
    let status = match reading.verdict() {
        Completeness::Invalid if is_in_a_long_string(code) => Completeness::Incomplete,
        Completeness::Complete if wants_an_operand(&reading) || is_in_a_comment(&reading) => {
            Completeness::Incomplete
        }
        status => status,
    };
    reply(status, || indent_after(code, &["{", "(", "[", "=", "=>"], "  "))
}

/// Whether three more quotes mend the code: the grammar has no token for the beginning of a string.
fn is_in_a_long_string(code: &str) -> bool {
    let closed = format!("{code}\"\"\"");
    Reading::of(&closed, &tree_sitter_scala::LANGUAGE.into())
        .is_some_and(|closed| closed.verdict() != Completeness::Invalid)
}

/// Whether the code ends like `1 +`, which is a postfix operator for the grammar, and incomplete for
/// the REPL.
fn wants_an_operand(reading: &Reading<'_>) -> bool {
    reading.last_token().0 == "operator_identifier"
}

/// Whether a comment is open, which the grammar lets the end of the code close. Comments may be nested.
fn is_in_a_comment(reading: &Reading<'_>) -> bool {
    let (kind, text) = reading.last_token();
    kind == "block_comment" && text.matches("/*").count() > text.matches("*/").count()
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
                "val x = 1",
                "// x",
                "/* a\n /* b */ */",
                "if (a) b",
                "def f(a: Int): Int = {\n  a + 1\n}",
                "spark.range(5)\n  .filter($\"id\" > 1)\n  .count()",
                "case class A(x: Int)",
                "import a.b._",
                "val s = s\"\"\"a\n${x}\"\"\"",
                "val (a, b) = (1, 2)",
                "x match { case Some(y) => y; case None => 0 }",
                "val xs = List(1, 2).map(_ + 1)",
                "val sym = 'a",
            ],
        );
    }

    #[test]
    fn the_beginning_of_code_is_incomplete() {
        check_all(
            completeness,
            Completeness::Incomplete,
            &[
                "val x =",
                "1 +",
                "foo.",
                "foo(1,",
                "def f(a: Int) =",
                "if (a)",
                "if (a) b else",
                "for (i <- 1 to 3)",
                "x match {\n  case 1 =>",
                "object A {\n  val x = 1\n",
                "df.map { x =>",
                "import a.{b,",
                "class A extends",
                "\"\"\"abc",
                "foo(\"\"\"a\n b",
                "val s = s\"\"\"a ${x} b\n",
                "s\"a ${x",
                "/* abc",
                "/* a /* b */",
                "val é = \"ü\" +",
            ],
        );
    }

    #[test]
    fn code_that_more_code_cannot_mend_is_invalid() {
        check_all(
            completeness,
            Completeness::Invalid,
            &[")", "}", "foo(1))", "val = 1", "def def", "val s = \"abc", "val x = )"],
        );
    }

    #[test]
    fn an_open_block_is_indented_by_two() {
        assert_eq!(completeness("def f = {").indent.as_deref(), Some("  "));
        assert_eq!(completeness("object A {\n  def f =").indent.as_deref(), Some("    "));
        assert_eq!(completeness("object A {\n  val x = 1").indent.as_deref(), Some("  "));
    }
}
