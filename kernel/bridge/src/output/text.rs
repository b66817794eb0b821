//! Livy returns what a cell printed and its value as one text. The code tells which of the two it
//! is: a frontend shows the one as a stream, the other as `Out[n]`.

use serde_json::Map;

use crate::{
    kind::Kind,
    language::{python_syntax, scala},
    output::cell_output::{CellOutput, PLAIN},
};

/// Turns the text, which the cell's code has given, into a stream, a result, or (in Scala) one after the other.
pub fn render(kind: Kind, code: &str, text: &str) -> Vec<CellOutput> {
    match kind {
        _ if text.is_empty() => Vec::new(),
        Kind::Pyspark if python_syntax::ends_in_a_value(code) => vec![result(text)],
        Kind::Spark => split_scala(&scala::as_written(text, code)),
        _ => vec![stream(text)],
    }
}

/// Livy cuts off the line break at the end of what a Python cell printed; this adds it again.
fn stream(text: &str) -> CellOutput {
    match text.ends_with('\n') {
        true => CellOutput::Stream(text.to_owned()),
        false => CellOutput::Stream(format!("{text}\n")),
    }
}

fn result(text: &str) -> CellOutput {
    CellOutput::Result(Map::from_iter([(PLAIN.to_owned(), text.trim_end_matches('\n').into())]))
}

/// Scala's REPL echoes each definition, and gives a value a name: `res0: Int = 2`.
fn split_scala(text: &str) -> Vec<CellOutput> {
    let Some(start) = last_value(text) else {
        return vec![stream(text)];
    };
    let (printed, value) = text.split_at(start);
    let printed = (!printed.is_empty()).then(|| stream(printed));
    printed.into_iter().chain([result(value)]).collect()
}

/// Where the echo of the last value begins, if no definition follows it.
fn last_value(text: &str) -> Option<usize> {
    let mut start = 0;
    let mut found = None;
    for line in text.split_inclusive('\n') {
        match echo(line) {
            Echo::Value => found = Some(start),
            Echo::Definition => found = None,
            Echo::Other => {}
        }
        start += line.len();
    }
    found
}

enum Echo {
    Value,
    Definition,
    Other,
}

fn echo(line: &str) -> Echo {
    let line = line.strip_prefix("val ").unwrap_or(line);
    let Some((name, rest)) = line.split_once(": ") else {
        return Echo::Other;
    };
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let numbered = name.strip_prefix("res").is_some_and(|number| number.parse::<u32>().is_ok());
    match rest.contains(" =") {
        true if numbered => Echo::Value,
        true if is_name => Echo::Definition,
        _ => Echo::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> CellOutput {
        CellOutput::Stream(text.to_owned())
    }

    #[test]
    fn in_python_printed_text_is_a_stream_and_a_value_a_result() {
        assert_eq!(render(Kind::Pyspark, "print('two')", "two"), [printed("two\n")]);
        assert_eq!(render(Kind::Pyspark, "1 + 1", "2"), [result("2")]);
        assert_eq!(render(Kind::Pyspark, "x = 5", ""), []);
    }

    #[test]
    fn a_scala_value_is_a_result_and_the_text_before_it_a_stream() {
        let show = |text| render(Kind::Spark, "", text);
        assert_eq!(show("res0: Int = 2\n"), [result("res0: Int = 2")]);
        assert_eq!(show("out\nres7: Int = 42\n"), [printed("out\n"), result("res7: Int = 42")]);
        assert_eq!(show("s: String =\nmulti\nline\n"), [printed("s: String =\nmulti\nline\n")]);
        assert_eq!(show("hello, world\n"), [printed("hello, world\n")]);
    }

    #[test]
    fn a_scala_value_of_several_lines_is_one_result() {
        assert_eq!(
            render(Kind::Spark, "", "x: Int = 1\nres1: String =\na\nb\n"),
            [printed("x: Int = 1\n"), result("res1: String =\na\nb")]
        );
    }

    #[test]
    fn a_definition_after_a_value_keeps_the_transcript_whole() {
        let text = "res1: Int = 1\ny: Int = 2\n";
        assert_eq!(render(Kind::Spark, "", text), [printed(text)]);
    }
}
