//! Turns the error of a statement into the lines that a frontend prints.

use crate::{error::CellError, kind::Kind, language::scala, output::size_limit::cut_text};

/// Part of the error that Livy's JSON serializer meets in times and intervals on Java 17 and later.
const JAVA_MODULE_CLOSED: &str = "does not \"opens java.";

/// Livy's error for a language that its server cannot run.
pub const NO_INTERPRETER: &str = "Fail to start interpreter";

/// The error of a failed statement, cut to the size that a cell may show. What Scala says of the cell's code
/// is about the lines of the cell.
pub fn statement_error(
    kind: Kind,
    cell: &str,
    ename: String,
    evalue: String,
    traceback: &[String],
) -> CellError {
    let (ename, mut evalue) = (cut_text(ename), cut_text(evalue).trim().to_owned());
    let mut lines = error_lines(kind, &ename, &evalue, lines(traceback));
    if kind == Kind::Spark {
        lines = lines_of(&scala::as_written(&lines.join("\n"), cell));
        if lines.first().is_some_and(|first| scala::is_of_the_compiler(first)) {
            evalue = lines.first().cloned().unwrap_or_default();
        }
    }
    lines.extend(advice(kind, &evalue));
    CellError { ename, evalue, traceback: lines_of(&cut_text(lines.join("\n"))) }
}

/// The error of a statement in R, in the words of R's console.
pub fn r_error(call: Option<&str>, message: &str) -> CellError {
    let message = cut_text(message.trim().to_owned());
    let whole = match call {
        Some(call) => format!("Error in {call}: {message}"),
        None => format!("Error: {message}"),
    };
    let lines = without_java_frames(lines(&[whole]), is_java_frame);
    let (evalue, _) = message.split_once("\n\tat ").unwrap_or((&message, ""));
    CellError { ename: "Error".to_owned(), evalue: evalue.trim_end().to_owned(), traceback: lines }
}

/// Python's traceback is complete as it comes; in the other languages `evalue` is the message, and the
/// traceback only the lines that follow it.
fn error_lines(kind: Kind, ename: &str, evalue: &str, traceback: Vec<String>) -> Vec<String> {
    match kind {
        Kind::Pyspark => python(ename, evalue, traceback),
        Kind::Spark => headed(ename, evalue, without_java_frames(traceback, is_scala_frame)),
        Kind::Sparkr | Kind::Sql => {
            headed(ename, evalue, without_java_frames(traceback, is_java_frame))
        }
    }
}

fn headed(ename: &str, evalue: &str, below: Vec<String>) -> Vec<String> {
    std::iter::once(headline(ename, evalue)).chain(below).collect()
}

/// What to do about an error that Livy itself does not explain.
fn advice(kind: Kind, evalue: &str) -> Option<String> {
    let language = kind.language();
    if evalue == NO_INTERPRETER {
        return Some(format!(
            "This server cannot run {language}. Ask its administrator to install it."
        ));
    }
    (kind == Kind::Sql && evalue.contains(JAVA_MODULE_CLOSED)).then(|| {
        "Livy's SQL cannot return a value of this type. `%%sql -n 999` lets Python return it."
            .to_owned()
    })
}

fn python(ename: &str, evalue: &str, mut traceback: Vec<String>) -> Vec<String> {
    if !names_exception(&traceback, ename) {
        traceback.push(headline(ename, evalue));
    }
    traceback
}

/// Livy calls every exception outside Python just `Error`, which says nothing.
fn headline(ename: &str, evalue: &str) -> String {
    match ename {
        "Error" => evalue.to_owned(),
        _ => format!("{ename}: {evalue}"),
    }
}

fn lines_of(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// An item of Livy's list may hold several lines, and may end in a line break.
fn lines(traceback: &[String]) -> Vec<String> {
    traceback.iter().flat_map(|item| item.lines()).map(str::to_owned).collect()
}

/// Whether a Python traceback already names the exception.
fn names_exception(traceback: &[String], ename: &str) -> bool {
    traceback.iter().any(|line| line.starts_with(ename))
}

/// A SQL error has fifty frames of Spark's own code, which do not help the user.
fn without_java_frames(lines: Vec<String>, is_frame: fn(&str) -> bool) -> Vec<String> {
    let (frames, mut rest): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| is_frame(line));
    if !frames.is_empty() {
        rest.push(format!("(and {} lines of Java stack)", frames.len()));
    }
    rest
}

/// `  at org.apache.spark.sql.Dataset.head(Dataset.scala:684)`, unlike a line of code that the compiler quotes.
fn is_scala_frame(line: &str) -> bool {
    line.trim_start().starts_with("at ") && is_java_frame(line)
}

/// `org.apache.spark.sql.SparkSession.sql(SparkSession.scala:684)`
fn is_java_frame(line: &str) -> bool {
    let line = line.trim_start().trim_start_matches("at ");
    let Some((method, place)) = line.split_once('(') else {
        return false;
    };
    let in_spark = !place.contains("<console>");
    in_spark && line.ends_with(')') && method.contains('.') && !method.contains(' ')
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn fail(kind: Kind, ename: &str, evalue: &str, traceback: &[&str]) -> CellError {
        let traceback: Vec<String> = traceback.iter().map(|&line| line.to_owned()).collect();
        statement_error(kind, "xs\n  .map(f(1))", ename.into(), evalue.into(), &traceback)
    }

    #[track_caller]
    fn printed(kind: Kind, ename: &str, evalue: &str, traceback: &[&str]) -> String {
        fail(kind, ename, evalue, traceback).traceback.join("\n")
    }

    #[test]
    fn a_python_traceback_is_shown_as_python_wrote_it() {
        let traceback = [
            "Traceback (most recent call last):\n",
            "  File \"<stdin>\", line 2, in f\n",
            "ValueError: bad é\n",
        ];
        assert_snapshot!(printed(Kind::Pyspark, "ValueError", "bad é", &traceback), @r#"
        Traceback (most recent call last):
          File "<stdin>", line 2, in f
        ValueError: bad é
        "#);
    }

    #[test]
    fn a_python_error_without_a_traceback_still_says_what_it_was() {
        assert_snapshot!(printed(Kind::Pyspark, "NameError", "no x", &[]), @"NameError: no x");
    }

    #[test]
    fn a_language_that_the_server_cannot_run_is_named() {
        let why = "Fail to start interpreter";
        assert_snapshot!(printed(Kind::Sparkr, "InterpreterError", why, &[]), @"
        InterpreterError: Fail to start interpreter
        This server cannot run R. Ask its administrator to install it.
        ");
    }

    #[test]
    fn a_scala_error_shows_its_message_first() {
        let traceback = ["  at f(<console>:22)\n", "  ... 51 elided\n"];
        let why = "java.lang.RuntimeException: bad é";
        assert_snapshot!(printed(Kind::Spark, "Error", why, &traceback), @"
        java.lang.RuntimeException: bad é
          at f(<console>:22)
          ... 51 elided
        ");
    }

    #[test]
    fn code_that_the_scala_compiler_quotes_is_shown_as_it_was_written() {
        let quoted = ["       \\*/.map(f(1)) /*\\\n", "               ^\n"];
        let why = "<console>:22: error: not found: value f";
        assert_snapshot!(printed(Kind::Spark, "Error", why, &quoted), @"
        cell:2: error: not found: value f
               .map(f(1))
                    ^
        ");
        let frames = [
            "  at scala.collection.immutable.List.map(List.scala:293)\n",
            "  at f(<console>:24)\n",
        ];
        assert_snapshot!(printed(Kind::Spark, "Error", "java.lang.Error", &frames), @"
        java.lang.Error
          at f(<console>:24)
        (and 1 lines of Java stack)
        ");
    }

    #[test]
    fn a_sql_error_shows_its_message_and_counts_the_java_frames() {
        let why = "\n[PARSE_SYNTAX_ERROR] Syntax error at or near 'selec'.(line 1, pos 0)\n\n== SQL ==\nselec 1\n^^^\n";
        let frames = [
            "org.apache.spark.sql.catalyst.parser.ParseException.withCommand(parsers.scala:257)",
            "org.apache.spark.sql.SparkSession.$anonfun$sql$5(SparkSession.scala:684)",
        ];
        assert_eq!(fail(Kind::Sql, "Error", why, &frames).evalue, why.trim());
        assert_snapshot!(printed(Kind::Sql, "Error", why, &frames), @"
        [PARSE_SYNTAX_ERROR] Syntax error at or near 'selec'.(line 1, pos 0)

        == SQL ==
        selec 1
        ^^^
        (and 2 lines of Java stack)
        ");
    }

    #[test]
    fn a_value_that_livys_sql_cannot_return_is_explained() {
        let why = "module java.base does not \"opens java.time\" to unnamed module";
        assert_snapshot!(printed(Kind::Sql, "Error", why, &[]), @r#"
        module java.base does not "opens java.time" to unnamed module
        Livy's SQL cannot return a value of this type. `%%sql -n 999` lets Python return it.
        "#);
    }
}
