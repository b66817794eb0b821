//! Livy's errors as a frontend prints them.

use crate::{failure::Failure, kind::Kind};

/// What Livy's JSON meets in times and intervals on newer Javas.
const NO_JSON: &str = "does not \"opens java.";

/// What Livy answers for a language that its server cannot run.
const NO_INTERPRETER: &str = "Fail to start interpreter";

/// A failed statement. Python's traceback is whole; of everything else the message stands in
/// `evalue`, and the traceback is what follows it.
pub fn failure(kind: Kind, ename: String, evalue: String, traceback: &[String]) -> Failure {
    let evalue = evalue.trim().to_owned();
    let mut traceback = match kind {
        Kind::Pyspark => python(&ename, &evalue, lines(traceback)),
        _ => std::iter::once(headline(&ename, &evalue))
            .chain(without_java_frames(lines(traceback)))
            .collect(),
    };
    if evalue == NO_INTERPRETER {
        let language = kind.language();
        traceback.push(format!("This server cannot run {language}; whoever runs it may add that."));
    }
    if kind == Kind::Sql && evalue.contains(NO_JSON) {
        traceback.push(
            "Livy's SQL cannot send a value of this type: `%%sql -n 999` has Python send it."
                .to_owned(),
        );
    }
    Failure { ename, evalue, traceback }
}

fn python(ename: &str, evalue: &str, mut traceback: Vec<String>) -> Vec<String> {
    if !ends_in(&traceback, ename) {
        traceback.push(headline(ename, evalue));
    }
    traceback
}

/// Everything that is no exception of Python's is just an `Error`.
fn headline(ename: &str, evalue: &str) -> String {
    match ename {
        "Error" => evalue.to_owned(),
        _ => format!("{ename}: {evalue}"),
    }
}

/// Items of Livy's list may hold several lines, and end in a line break or not.
fn lines(traceback: &[String]) -> Vec<String> {
    traceback.iter().flat_map(|item| item.lines()).map(str::to_owned).collect()
}

/// Whether a Python traceback already says which exception it was.
fn ends_in(traceback: &[String], ename: &str) -> bool {
    traceback.iter().any(|line| line.starts_with(ename))
}

/// A SQL error brings fifty frames of Spark's inside, which say nothing to a person.
fn without_java_frames(lines: Vec<String>) -> Vec<String> {
    let (frames, mut rest): (Vec<_>, Vec<_>) =
        lines.into_iter().partition(|line| is_java_frame(line));
    if !frames.is_empty() {
        rest.push(format!("(and {} lines of Java stack)", frames.len()));
    }
    rest
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
    use super::*;

    fn fail(kind: Kind, ename: &str, evalue: &str, traceback: &[&str]) -> Failure {
        let traceback: Vec<String> = traceback.iter().map(|&line| line.to_owned()).collect();
        failure(kind, ename.into(), evalue.into(), &traceback)
    }

    #[test]
    fn a_python_traceback_is_shown_as_python_wrote_it() {
        let traceback = [
            "Traceback (most recent call last):\n",
            "  File \"<stdin>\", line 2, in f\n",
            "ValueError: bad é\n",
        ];
        let failure = fail(Kind::Pyspark, "ValueError", "bad é", &traceback);
        let expected = [
            "Traceback (most recent call last):",
            "  File \"<stdin>\", line 2, in f",
            "ValueError: bad é",
        ];
        assert_eq!(failure.traceback, expected);
    }

    #[test]
    fn a_python_error_without_a_traceback_still_says_what_it_was() {
        let failure = fail(Kind::Pyspark, "NameError", "no x", &[]);
        assert_eq!(failure.traceback, ["NameError: no x"]);
    }

    #[test]
    fn a_language_that_the_server_cannot_run_is_named() {
        let failure = fail(Kind::Sparkr, "InterpreterError", "Fail to start interpreter", &[]);
        let expected = [
            "InterpreterError: Fail to start interpreter",
            "This server cannot run R; whoever runs it may add that.",
        ];
        assert_eq!(failure.traceback, expected);
    }

    #[test]
    fn a_scala_error_shows_its_message_first() {
        let failure = fail(
            Kind::Spark,
            "Error",
            "java.lang.RuntimeException: bad é",
            &["  at f(<console>:22)\n", "  ... 51 elided\n"],
        );
        let expected =
            ["java.lang.RuntimeException: bad é", "  at f(<console>:22)", "  ... 51 elided"];
        assert_eq!(failure.traceback, expected);
    }

    #[test]
    fn a_sql_error_shows_its_message_and_counts_the_java_frames() {
        let failure = fail(
            Kind::Sql,
            "Error",
            "\n[PARSE_SYNTAX_ERROR] Syntax error at or near 'selec'.(line 1, pos 0)\n\n== SQL ==\nselec 1\n^^^\n",
            &[
                "org.apache.spark.sql.catalyst.parser.ParseException.withCommand(parsers.scala:257)",
                "org.apache.spark.sql.SparkSession.$anonfun$sql$5(SparkSession.scala:684)",
            ],
        );
        assert!(
            failure.evalue.starts_with("[PARSE_SYNTAX_ERROR]") && failure.evalue.ends_with("^^^")
        );
        assert_eq!(failure.traceback[0], failure.evalue);
        assert_eq!(failure.traceback[1..], ["(and 2 lines of Java stack)"]);
    }
}
