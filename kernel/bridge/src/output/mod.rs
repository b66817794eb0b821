//! From a statement's output to what a frontend shows. Pure.

mod answer;
pub mod bound;
mod chart;
mod table;
mod text;
mod traceback;

use serde_json::{Map, Value};

use crate::{failure::Failure, kind::Kind};

/// One thing to show.
#[derive(Debug, PartialEq)]
pub enum Shown {
    /// Text that the code printed.
    Stream(String),
    /// Text about the session rather than by the code.
    Warning(String),
    /// The value of the cell, as a MIME bundle.
    Result(Map<String, Value>),
    /// Something that was displayed, as a MIME bundle.
    Display(Map<String, Value>),
}

const PLAIN: &str = "text/plain";
const JSON: &str = "application/json";
const LIVY_TABLE: &str = "application/vnd.livy.table.v1+json";

/// What to show for a statement's `data`, as much of it as may be shown; a failure is one that the
/// kernel's own code has met.
pub fn show(kind: Kind, code: &str, data: Map<String, Value>) -> Result<Vec<Shown>, Failure> {
    let bounded = |shown| match shown {
        Shown::Stream(text) => Shown::Stream(bound::text(text)),
        Shown::Warning(text) => Shown::Warning(bound::text(text)),
        Shown::Result(data) => Shown::Result(bound::bundle(data)),
        Shown::Display(data) => Shown::Display(bound::bundle(data)),
    };
    let whole = match answer::show(&data) {
        Some(shown) => shown?,
        None => show_whole(kind, code, data),
    };
    Ok(whole.into_iter().map(bounded).collect())
}

/// A bundle that the agent tells, as much of it as may be shown.
pub fn displayed(data: Map<String, Value>) -> Map<String, Value> {
    bound::bundle(answer::with_table(data))
}

/// What a person reads of a statement that failed, as much of it as may be shown.
pub fn failure(kind: Kind, ename: String, evalue: String, traceback: &[String]) -> Failure {
    let Failure { ename, evalue, traceback } =
        traceback::failure(kind, bound::text(ename), bound::text(evalue), traceback);
    let traceback = bound::text(traceback.join("\n")).lines().map(str::to_owned).collect();
    Failure { ename, evalue, traceback }
}

/// A bundle stays one bundle, tables gain an HTML and a text
/// form, and bare text is a stream or a result, whichever the code makes of it.
fn show_whole(kind: Kind, code: &str, mut data: Map<String, Value>) -> Vec<Shown> {
    if let Some(table) = data.get(LIVY_TABLE).and_then(table::from_livy) {
        // The raw table goes: frontends have no renderer for it.
        data.remove(LIVY_TABLE);
        return vec![Shown::Result(with_table(data, &table))];
    }
    if kind == Kind::Sql
        && let Some(table) = data.get(JSON).and_then(table::from_sql)
    {
        // JupyterLab prefers JSON to HTML, so the rows must not stand beside the table.
        data.remove(JSON);
        return table.map_or_else(Vec::new, |table| vec![Shown::Result(with_table(data, &table))]);
    }
    if data.len() == 1
        && let Some(Value::String(text)) = data.get(PLAIN)
    {
        return text::show(kind, code, text);
    }
    bundle(data)
}

fn with_table(mut data: Map<String, Value>, table: &table::Table) -> Map<String, Value> {
    data.extend(answer::bundle(table));
    data
}

fn bundle(mut data: Map<String, Value>) -> Vec<Shown> {
    if data.is_empty() {
        return Vec::new();
    }
    if let Some(json) = data.get(JSON)
        && !data.contains_key(PLAIN)
    {
        data.insert(PLAIN.to_owned(), format!("{json:#}").into());
        return vec![Shown::Result(data)];
    }
    for (mime, value) in &mut data {
        keep_schema(mime, value);
    }
    vec![Shown::Display(data)]
}

/// A notebook file allows only text for what is not JSON.
fn keep_schema(mime: &str, value: &mut Value) {
    if !mime.ends_with("json") && !value.is_string() {
        *value = value.to_string().into();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn show_data(kind: Kind, data: Value) -> Vec<Shown> {
        let Value::Object(data) = data else { panic!("data is an object") };
        show(kind, "%magic x", data).unwrap()
    }

    fn keys(shown: &[Shown]) -> Vec<&str> {
        match shown {
            [Shown::Result(data) | Shown::Display(data)] => {
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
        assert_eq!(show_data(Kind::Pyspark, image), [Shown::Display(data)]);
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
        let [Shown::Result(data)] = &shown[..] else { panic!("a result was expected: {shown:?}") };
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
