//! Rows as an HTML table and as aligned text.

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::html::escape;

/// Livy answers a SQL statement with at most so many rows (`livy.rsc.sql.num-rows`), silently.
const SQL_ROWS: usize = 1000;

/// Columns and rows.
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
    note: String,
}

struct Column {
    name: String,
    numeric: bool,
}

/// Reads a SQL statement's `{schema, data}`. `None`: it is no such thing. `Some(None)`: it has no
/// columns, as after `CREATE VIEW`.
pub fn from_sql(json: &Value) -> Option<Option<Table>> {
    let fields = json.get("schema")?.get("fields")?.as_array()?;
    let rows = rows(json.get("data")?)?;
    let note = match rows.len() {
        SQL_ROWS => "1000 rows: Livy sends no more than these".to_owned(),
        1 => "1 row".to_owned(),
        count => format!("{count} rows"),
    };
    let columns: Vec<Column> = fields.iter().map(sql_column).collect();
    Some((!columns.is_empty()).then_some(Table { columns, rows, note }))
}

fn sql_column(field: &Value) -> Column {
    let kind = field["type"].as_str().unwrap_or_default();
    let numeric = matches!(kind, "byte" | "short" | "integer" | "long" | "float" | "double")
        || kind.starts_with("decimal");
    Column { name: name(field), numeric }
}

/// Reads the `{headers, data}` that `%table` gives.
pub fn from_livy(json: &Value) -> Option<Table> {
    let columns = json.get("headers")?.as_array()?.iter().map(livy_column).collect();
    Some(Table { columns, rows: rows(json.get("data")?)?, note: String::new() })
}

fn livy_column(header: &Value) -> Column {
    let kind = header["type"].as_str().unwrap_or_default();
    let numeric = matches!(
        kind,
        "TINYINT_TYPE"
            | "SMALLINT_TYPE"
            | "INT_TYPE"
            | "BIGINT_TYPE"
            | "FLOAT_TYPE"
            | "DOUBLE_TYPE"
            | "DECIMAL_TYPE"
    );
    Column { name: name(header), numeric }
}

fn name(column: &Value) -> String {
    column["name"].as_str().unwrap_or_default().to_owned()
}

fn rows(data: &Value) -> Option<Vec<Vec<Value>>> {
    data.as_array()?.iter().map(|row| row.as_array().cloned()).collect()
}

impl Table {
    /// JupyterLab and VS Code know the class from pandas, and style it for their themes.
    pub fn html(&self) -> String {
        let head: String = self
            .columns
            .iter()
            .map(|column| format!("<th>{}</th>", escape(&column.name)))
            .collect();
        let body: String = self.rows.iter().map(|row| self.html_row(row)).collect();
        let note = match self.note.as_str() {
            "" => String::new(),
            note => format!("<p>{note}</p>"),
        };
        format!(
            "<table border=\"1\" class=\"dataframe\"><thead><tr>{head}</tr></thead>\
             <tbody>{body}</tbody></table>{note}"
        )
    }

    fn html_row(&self, row: &[Value]) -> String {
        let cells: String = self
            .columns
            .iter()
            .zip(row)
            .map(|(column, value)| match (value, column.numeric) {
                (Value::Null, _) => "<td><i>NULL</i></td>".to_owned(),
                (value, true) => format!("<td style=\"text-align:right\">{}</td>", cell(value)),
                (value, false) => {
                    format!("<td style=\"text-align:left\">{}</td>", escape(&cell(value)))
                }
            })
            .collect();
        format!("<tr>{cells}</tr>")
    }

    /// Columns aligned by what a terminal shows, where an East Asian letter takes two places.
    pub fn text(&self) -> String {
        let cells: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(text_cell).collect()).collect();
        let widths: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let cells = cells.iter().filter_map(|row| row.get(at)).map(|cell| cell.width());
                cells.chain([column.name.width()]).max().unwrap_or_default()
            })
            .collect();
        let names: Vec<String> = self.columns.iter().map(|column| column.name.clone()).collect();
        let rule = widths.iter().map(|&width| "-".repeat(width)).collect::<Vec<_>>().join("  ");
        let mut lines = vec![self.text_row(&names, &widths), rule];
        lines.extend(cells.iter().map(|row| self.text_row(row, &widths)));
        lines.extend((!self.note.is_empty()).then(|| self.note.clone()));
        lines.join("\n")
    }

    fn text_row(&self, cells: &[String], widths: &[usize]) -> String {
        let padded: Vec<String> = cells
            .iter()
            .zip(widths)
            .zip(&self.columns)
            .map(|((cell, width), column)| {
                let space = " ".repeat(width.saturating_sub(cell.width()));
                match column.numeric {
                    true => space + cell,
                    false => cell.clone() + &space,
                }
            })
            .collect();
        padded.join("  ").trim_end().to_owned()
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A line break inside a cell would break the table.
fn text_cell(value: &Value) -> String {
    cell(value).replace('\r', "\\r").replace('\n', "\\n").replace('\t', "\\t")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sql(fields: Value, data: Value) -> Table {
        from_sql(&json!({"schema": {"type": "struct", "fields": fields}, "data": data}))
            .flatten()
            .unwrap()
    }

    #[test]
    fn text_is_aligned_with_wide_letters_nulls_and_line_breaks() {
        let table = sql(
            json!([{"name": "name", "type": "string"}, {"name": "n", "type": "long"}]),
            json!([["日本", 5], ["a\nb", null], ["é", 9_007_199_254_740_993_i64]]),
        );
        let expected = "\
name                 n
----  ----------------
日本                 5
a\\nb              NULL
é     9007199254740993
3 rows";
        assert_eq!(table.text(), expected);
    }

    #[test]
    fn html_escapes_names_and_values() {
        let table = sql(
            json!([{"name": "<b>", "type": "string"}]),
            json!([["<script>alert(1)</script> & \"x\""], [null]]),
        );
        let html = table.html();
        assert!(html.contains("<th>&lt;b&gt;</th>"), "{html}");
        assert!(
            html.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot;"),
            "{html}"
        );
        assert!(html.contains("<i>NULL</i>"), "{html}");
    }

    #[test]
    fn nested_values_are_shown_as_json() {
        let table =
            sql(json!([{"name": "a", "type": {"type": "array"}}]), json!([[[1, {"k": null}]]]));
        assert!(table.text().contains(r#"[1,{"k":null}]"#));
    }

    #[test]
    fn a_full_answer_says_that_rows_may_be_missing() {
        let rows: Vec<Value> = (0..1000).map(|n| json!([n])).collect();
        let table = sql(json!([{"name": "id", "type": "long"}]), json!(rows));
        assert!(table.html().ends_with("<p>1000 rows: Livy sends no more than these</p>"));
    }

    #[test]
    fn what_has_no_rows_is_no_table() {
        assert!(from_sql(&json!({"a": 1})).is_none());
        assert!(from_sql(&json!({"schema": {"fields": []}, "data": 1})).is_none());
        assert!(from_livy(&json!({"headers": [], "data": [1]})).is_none());
    }
}
