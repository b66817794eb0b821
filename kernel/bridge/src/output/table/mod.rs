//! Rows and columns, from each form that they come in.

mod html;
mod text;
mod types;

use serde_json::Value;

/// Livy answers a SQL statement with at most so many rows (`livy.rsc.sql.num-rows`), silently.
const LIVYS_ROWS: usize = 1000;

/// Columns and rows.
#[derive(Debug, PartialEq)]
pub struct Table {
    /// What stands above.
    pub columns: Vec<Column>,
    /// What stands below, each as long as there are columns.
    pub rows: Vec<Vec<Value>>,
    /// How many rows there are, and the like.
    pub note: String,
}

/// A column.
#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as Spark writes it: `bigint`, `array<string>`.
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

/// Reads a SQL statement's `{schema, data}`. `None`: it is no such thing. `Some(None)`: it has no
/// columns, as after `CREATE VIEW`.
pub fn from_sql(json: &Value) -> Option<Option<Table>> {
    let fields = json.get("schema")?.get("fields")?.as_array()?;
    let rows = rows(json.get("data")?)?;
    let note = match rows.len() {
        LIVYS_ROWS => {
            "1,000 rows: Livy's SQL sends no more, even if there are. %%sql -n 5000 asks for more."
                .to_owned()
        }
        count => how_many(count),
    };
    let column =
        |field: &Value| Column { name: name(field), r#type: types::simple(&field["type"]) };
    let columns: Vec<Column> = fields.iter().map(column).collect();
    Some((!columns.is_empty()).then_some(Table { columns, rows, note }))
}

/// Reads the `{headers, data}` that `%table` gives.
pub fn from_livy(json: &Value) -> Option<Table> {
    let column =
        |header: &Value| Column { name: name(header), r#type: types::of_livys_table(header) };
    let columns = json.get("headers")?.as_array()?.iter().map(column).collect();
    let rows = rows(json.get("data")?)?;
    // The agent's `%table` of a DataFrame knows.
    let more = json["more"].as_bool().unwrap_or_default();
    let total = json["total"].as_u64().and_then(|total| usize::try_from(total).ok());
    Some(Table { columns, note: some_of(rows.len(), more, total), rows })
}

/// So many rows, and whether and how many more there are.
pub fn some_of(rows: usize, more: bool, total: Option<usize>) -> String {
    match (more, total) {
        (false, _) => how_many(rows),
        (true, Some(total)) => format!("{} of {} rows", grouped(rows), grouped(total)),
        (true, None) => format!("{}; there are more", how_many(rows)),
    }
}

/// So many rows, to a person.
fn how_many(rows: usize) -> String {
    match rows {
        1 => "1 row".to_owned(),
        rows => format!("{} rows", grouped(rows)),
    }
}

/// A number with its thousands apart.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Rows of values.
pub fn rows(data: &Value) -> Option<Vec<Vec<Value>>> {
    data.as_array()?.iter().map(|row| row.as_array().cloned()).collect()
}

fn name(column: &Value) -> String {
    column["name"].as_str().unwrap_or_default().to_owned()
}

/// A value as a person reads it.
fn shown(value: &Value) -> String {
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
    fn a_full_answer_of_livys_sql_says_that_rows_may_be_missing() {
        let rows: Vec<Value> = (0..1000).map(|n| json!([n])).collect();
        let fields = json!([{"name": "id", "type": "long"}]);
        let table = from_sql(&json!({"schema": {"fields": fields}, "data": rows})).flatten();
        assert!(table.unwrap().note.starts_with("1,000 rows: Livy's SQL sends no more"));
    }

    #[test]
    fn what_has_no_rows_is_no_table() {
        assert!(from_sql(&json!({"a": 1})).is_none());
        assert!(from_sql(&json!({"schema": {"fields": []}, "data": 1})).is_none());
        assert!(from_livy(&json!({"headers": [], "data": [1]})).is_none());
    }

    #[test]
    fn thousands_are_told_apart() {
        let told = [0, 999, 1000, 1_200_000].map(grouped);
        assert_eq!(told, ["0", "999", "1,000", "1,200,000"]);
    }
}
