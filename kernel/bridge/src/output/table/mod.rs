//! Tables of rows, read from each form in which Livy and the agent return them.

mod html;
pub mod livys_sql;
mod text;
mod types;

use serde_json::Value;

use crate::output::row_count::row_count;

/// Rows below the names of their columns.
#[derive(Debug, PartialEq)]
pub struct Table {
    /// The columns, from left to right.
    pub columns: Vec<Column>,
    /// The rows, which have a value for each column.
    pub rows: Vec<Vec<Value>>,
    /// A line below the table, which says how many rows there are.
    pub note: String,
}

/// The heading of a column.
#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    /// The name, which need not be unique.
    pub name: String,
    /// The type, as Spark writes it: `bigint`, `array<string>`.
    pub r#type: String,
}

impl Column {
    /// Whether its values are numbers.
    pub fn is_numeric(&self) -> bool {
        matches!(
            self.r#type.as_str(),
            "tinyint" | "smallint" | "int" | "bigint" | "float" | "double"
        ) || self.r#type.starts_with("decimal")
    }

    /// Whether its values are points in time.
    pub fn is_temporal(&self) -> bool {
        self.r#type == "date" || self.r#type.starts_with("timestamp")
    }
}

impl Table {
    /// The text of a table that is one text of several lines, as after `EXPLAIN`.
    fn document(&self) -> Option<&str> {
        match (&self.columns[..], &self.rows[..]) {
            ([_], [row]) => {
                row.first()?.as_str().map(str::trim_end).filter(|text| text.contains('\n'))
            }
            _ => None,
        }
    }
}

/// Reads the `{headers, data}` of Livy's `%table`.
pub fn from_livy(json: &Value) -> Option<Table> {
    let column =
        |header: &Value| Column { name: name(header), r#type: types::from_livys_table(header) };
    let columns = json.get("headers")?.as_array()?.iter().map(column).collect();
    let rows = rows(json.get("data")?)?;
    // Only the agent's own `%table` of a DataFrame says so.
    let more = json["more"].as_bool().unwrap_or_default();
    let total = json["total"].as_u64().and_then(|total| usize::try_from(total).ok());
    Some(Table { columns, note: row_count(rows.len(), more, total), rows })
}

/// Reads rows of values; `None` if `data` has another form.
pub fn rows(data: &Value) -> Option<Vec<Vec<Value>>> {
    data.as_array()?.iter().map(|row| row.as_array().cloned()).collect()
}

fn name(column: &Value) -> String {
    column["name"].as_str().unwrap_or_default().to_owned()
}

/// A value as text.
fn value_text(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_without_rows_is_no_table() {
        assert!(from_livy(&json!({"headers": [], "data": [1]})).is_none());
    }

    #[test]
    fn one_text_of_several_lines_keeps_them() {
        let column = Column { name: "plan".to_owned(), r#type: "string".to_owned() };
        let rows = vec![vec![json!("== Physical Plan ==\n*(1) Scan <x>\n\n")]];
        let table = Table { columns: vec![column], rows, note: "1 row".to_owned() };
        assert_eq!(table.to_text(), "== Physical Plan ==\n*(1) Scan <x>");
        assert_eq!(table.to_html(), "<pre>== Physical Plan ==\n*(1) Scan &lt;x&gt;</pre>");
    }
}
