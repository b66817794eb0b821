//! What a query is in the session's Python: code that brings all it needs, since there may be no agent.

use serde_json::{Map, Value, json};

use super::{
    options::{Axes, ChartKind, Method, Query},
    statements::Statement,
};
use crate::agent::{TABULAR, literal};

/// The variable in which Livy's `%json` finds the answer.
const ANSWER: &str = "_livy_kernel_rows";

/// Asks for the rows of a statement.
pub fn rows(statement: &Statement, query: &Query) -> String {
    let mut asked = Map::from_iter([
        ("query".to_owned(), json!(statement.0)),
        ("rows".to_owned(), query.rows.into()),
        ("quiet".to_owned(), query.quiet.into()),
        ("output".to_owned(), query.output.clone().into()),
    ]);
    if query.method == Method::Sample {
        asked.insert("fraction".to_owned(), query.fraction.into());
    }
    if let Some(kind) = query.chart.chart {
        asked.insert("chart".to_owned(), wish(kind, &query.chart.axes));
    }
    code(&statement.text(), &Value::Object(asked))
}

/// Asks for a chart of a variable's rows.
pub fn chart(variable: &str, kind: ChartKind, axes: &Axes) -> String {
    let asked = json!({"variable": variable, "quiet": false, "chart": wish(kind, axes)});
    code(&format!("%chart {variable}"), &asked)
}

fn wish(kind: ChartKind, axes: &Axes) -> Value {
    let mut wish = json!(axes);
    wish["kind"] = json!(kind);
    wish
}

/// What a person asked stands above, for whoever looks at the session's statements.
fn code(heading: &str, asked: &Value) -> String {
    // What else ends a line of Python, or cannot be in it, is no part of a comment.
    let heading: String = heading
        .lines()
        .map(|line| format!("# {}\n", line.replace(char::is_control, " ")))
        .collect();
    let (source, asked) = (literal(TABULAR), literal(&asked.to_string()));
    format!(
        "{heading}{ANSWER} = (lambda space: (exec({source}, space), \
         space['answer'](globals(), __import__('json').loads({asked})))[1])({{}})\n%json {ANSWER}"
    )
}

/// What a person asked, of a statement that is such code.
pub fn asked(code: &str) -> Option<String> {
    code.ends_with(&format!("%json {ANSWER}")).then(|| {
        let heading = code.lines().map_while(|line| line.strip_prefix("# "));
        heading.collect::<Vec<_>>().join("\n")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_asked_is_a_comment_whatever_it_has() {
        let statement = Statement(vec!["select 1 --\rimport os\0\nas a".to_owned()]);
        let code = rows(&statement, &Query::PLAIN);
        assert!(code.starts_with("# select 1 -- import os \n# as a\n"), "{code}");
        assert_eq!(asked(&code).as_deref(), Some("select 1 -- import os \nas a"));
    }
}
