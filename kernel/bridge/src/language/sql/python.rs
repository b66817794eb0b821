//! Writes a query as code for the session's Python. The code brings all that it needs, since the
//! session may have no agent.

use serde_json::{Map, Value, json};

use crate::language::{
    python_literal::literal,
    sql::{
        options::{Axes, ChartKind, Method, Query},
        statements::Statement,
    },
};

/// The module of the agent that answers `%%sql`, which also works alone.
const TABULAR_MODULE: &str = include_str!("../../agent/python/tabular.py");

/// The variable from which Livy's `%json` returns the answer.
const ANSWER_VARIABLE: &str = "_livy_kernel_rows";

/// Code that returns the rows of a statement.
pub fn rows(statement: &Statement, query: &Query) -> String {
    let mut request = Map::from_iter([
        ("query".to_owned(), json!(statement.0)),
        ("rows".to_owned(), query.rows.into()),
        ("quiet".to_owned(), query.quiet.into()),
        ("output".to_owned(), query.output.clone().into()),
    ]);
    if query.method == Method::Sample {
        request.insert("fraction".to_owned(), query.fraction.into());
    }
    if let Some(kind) = query.chart.chart {
        request.insert("chart".to_owned(), chart_request(kind, &query.chart.axes));
    }
    code(&statement.text(), &Value::Object(request))
}

/// Code that returns a variable's rows.
pub fn table(variable: &str) -> String {
    let request = json!({"variable": variable, "quiet": false, "rows": Query::PLAIN.rows});
    code(&format!("%%display {variable}"), &request)
}

/// Code that returns a chart of a variable's rows.
pub fn chart(variable: &str, kind: ChartKind, axes: &Axes) -> String {
    let request = json!({"variable": variable, "quiet": false, "chart": chart_request(kind, axes)});
    code(&format!("%chart {variable}"), &request)
}

fn chart_request(kind: ChartKind, axes: &Axes) -> Value {
    let mut request = json!(axes);
    request["kind"] = json!(kind);
    request
}

/// The user's query stands above the code as a comment, for readers of the session's statements.
fn code(heading: &str, request: &Value) -> String {
    // Other control characters may end a line of Python, or are not allowed in one.
    let heading: String = heading
        .lines()
        .map(|line| format!("# {}\n", line.replace(char::is_control, " ")))
        .collect();
    let (source, request) = (literal(TABULAR_MODULE), literal(&request.to_string()));
    format!(
        "{heading}{ANSWER_VARIABLE} = (lambda space: (exec({source}, space), \
         space['answer'](globals(), __import__('json').loads({request})))[1])({{}})\n%json {ANSWER_VARIABLE}"
    )
}

/// The user's query, if `code` was written by this module.
pub fn original_query(code: &str) -> Option<String> {
    code.ends_with(&format!("%json {ANSWER_VARIABLE}")).then(|| {
        let heading = code.lines().map_while(|line| line.strip_prefix("# "));
        heading.collect::<Vec<_>>().join("\n")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_query_is_a_comment_whatever_is_in_it() {
        let statement = Statement(vec!["select 1 --\rimport os\0\nas a".to_owned()]);
        let code = rows(&statement, &Query::PLAIN);
        assert!(code.starts_with("# select 1 -- import os \n# as a\n"), "{code}");
        assert_eq!(original_query(&code).as_deref(), Some("select 1 -- import os \nas a"));
    }
}
