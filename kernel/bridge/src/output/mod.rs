//! Turns a statement's output into what a frontend shows. Pure.

pub mod bytes;
mod cell_output;
mod chart;
pub mod columns;
pub mod html;
mod query_answer;
pub mod r;
pub mod redact;
pub mod row_count;
pub mod size_limit;
mod table;
mod text;
mod traceback;
mod untrusted;
mod widget_text;

use serde_json::{Map, Value};

pub use cell_output::CellOutput;
pub use traceback::{NO_INTERPRETER, statement_error};
pub use untrusted::{UntrustedOutput, render_untrusted};
pub use widget_text::has_widget;

use crate::{
    error::CellError,
    kind::Kind,
    output::cell_output::{JSON, LIVY_TABLE, PLAIN},
};

/// Turns a statement's `data` into outputs, cut to the size that a cell may show. The code is that of
/// the statement, and in Scala that of the cell.
///
/// # Errors
/// The kernel's own code in the session (a query, say) reported an error in its answer.
pub fn render(
    kind: Kind,
    code: &str,
    data: Map<String, Value>,
) -> Result<Vec<CellOutput>, CellError> {
    let bounded = |shown| match shown {
        CellOutput::Stream(text) => CellOutput::Stream(size_limit::cut_text(text)),
        CellOutput::Warning(text) => CellOutput::Warning(size_limit::cut_text(text)),
        CellOutput::Result(data) => CellOutput::Result(size_limit::cut_bundle(data)),
        CellOutput::Display(data) => CellOutput::Display(size_limit::cut_bundle(data)),
    };
    let whole = match query_answer::render(&data) {
        Some(answer) => answer?,
        None => render_whole(kind, code, data),
    };
    Ok(whole.into_iter().map(bounded).collect())
}

/// Turns a display that the agent reported into one for the frontend, cut to the size that a cell
/// may show.
pub fn render_display(data: Map<String, Value>) -> Map<String, Value> {
    size_limit::cut_bundle(query_answer::with_table(data))
}

/// A bundle stays one bundle, a table gains an HTML and a text form, and bare text is a stream or a
/// result, as the code decides.
fn render_whole(kind: Kind, code: &str, mut data: Map<String, Value>) -> Vec<CellOutput> {
    if let Some(table) = data.get(LIVY_TABLE).and_then(table::from_livy) {
        // The raw table goes: frontends have no renderer for it.
        data.remove(LIVY_TABLE);
        return vec![CellOutput::Result(with_table(data, &table))];
    }
    if kind == Kind::Sql
        && let Some(table) = data.get(JSON).and_then(table::livys_sql::from_sql)
    {
        // JupyterLab prefers JSON to HTML, so the rows must not stand beside the table.
        data.remove(JSON);
        return table
            .map_or_else(Vec::new, |table| vec![CellOutput::Result(with_table(data, &table))]);
    }
    if kind == Kind::Sparkr {
        return r::render(data);
    }
    if data.len() == 1
        && let Some(Value::String(text)) = data.get(PLAIN)
    {
        return text::render(kind, code, text);
    }
    bundle(data)
}

fn with_table(mut data: Map<String, Value>, table: &table::Table) -> Map<String, Value> {
    data.extend(query_answer::bundle(table));
    data
}

fn bundle(mut data: Map<String, Value>) -> Vec<CellOutput> {
    if data.is_empty() {
        return Vec::new();
    }
    if let Some(json) = data.get(JSON)
        && !data.contains_key(PLAIN)
    {
        data.insert(PLAIN.to_owned(), format!("{json:#}").into());
        return vec![CellOutput::Result(data)];
    }
    for (mime, value) in &mut data {
        keep_schema(mime, value);
    }
    vec![CellOutput::Display(data)]
}

/// The schema of notebook files allows only text for what is not JSON.
fn keep_schema(mime: &str, value: &mut Value) {
    if !mime.ends_with("json") && !value.is_string() {
        *value = value.to_string().into();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn show_data(kind: Kind, data: Value) -> Vec<CellOutput> {
        let Value::Object(data) = data else { panic!("data is an object") };
        render(kind, "%magic x", data).unwrap()
    }

    fn keys(shown: &[CellOutput]) -> Vec<&str> {
        match shown {
            [CellOutput::Result(data) | CellOutput::Display(data)] => {
                data.keys().map(String::as_str).collect()
            }
            other => panic!("one bundle was expected: {other:?}"),
        }
    }

    #[test]
    fn nothing_gives_nothing() {
        assert_eq!(show_data(Kind::Pyspark, json!({})), []);
        assert_eq!(show_data(Kind::Pyspark, json!({"text/plain": ""})), []);
    }

    #[test]
    fn an_image_is_displayed_as_it_came() {
        let image = json!({"image/png": "iVBORw0KGgo="});
        let Value::Object(data) = image.clone() else { unreachable!() };
        assert_eq!(show_data(Kind::Pyspark, image), [CellOutput::Display(data)]);
    }

    #[test]
    fn a_bundle_stays_one_bundle() {
        let data = json!({"text/html": "<b>x</b>", "text/plain": "x", "image/svg+xml": "<svg/>"});
        assert_eq!(
            keys(&show_data(Kind::Spark, data)),
            ["image/svg+xml", "text/html", "text/plain"]
        );
    }

    #[test]
    fn json_has_a_text_twin() {
        let shown = show_data(Kind::Pyspark, json!({"application/json": {"a": [1, "é"]}}));
        let [CellOutput::Result(data)] = &shown[..] else {
            panic!("a result was expected: {shown:?}")
        };
        assert_eq!(data[JSON], json!({"a": [1, "é"]}));
        assert!(data[PLAIN].as_str().unwrap().contains("\"é\""));
    }

    #[test]
    fn sql_rows_become_a_table_without_the_json_that_would_hide_it() {
        let rows = json!({"schema": {"type": "struct", "fields": [{"name": "id", "type": "long"}]},
            "data": [[1], [2]]});
        let shown = show_data(Kind::Sql, json!({"application/json": rows}));
        assert_eq!(keys(&shown), ["text/html", "text/plain"]);
    }

    #[test]
    fn a_statement_without_columns_shows_nothing() {
        let ddl = json!({"schema": {"type": "struct", "fields": []}, "data": []});
        assert_eq!(show_data(Kind::Sql, json!({"application/json": ddl})), []);
    }

    #[test]
    fn livys_table_type_becomes_a_table() {
        let table = json!({"headers": [{"type": "BIGINT_TYPE", "name": "0"}], "data": [[1]]});
        let shown = show_data(Kind::Spark, json!({"application/vnd.livy.table.v1+json": table}));
        assert_eq!(keys(&shown), ["text/html", "text/plain"]);
    }
}
