//! Tables of Livy's own SQL, which writes all numbers as doubles, binary as signed bytes, and times in UTC.
//! What can be restored is; the columns that may be wrong are named.

use serde_json::Value;

use crate::output::{
    row_count::how_many,
    table::{Column, Table, name, rows, types},
};

/// Livy returns at most so many rows of a SQL statement (`livy.rsc.sql.num-rows`), and does not say
/// that there are more.
const LIVYS_ROW_LIMIT: usize = 1000;

/// A double has so many decimal digits without loss.
const EXACT_DIGITS: f64 = 1e15;

/// Reads the `{schema, data}` of a SQL statement. `None` means that `json` has another form, and
/// `Some(None)` that there are no columns, as after `CREATE VIEW`.
pub fn from_sql(json: &Value) -> Option<Option<Table>> {
    let fields = json.get("schema")?.get("fields")?.as_array()?;
    let column =
        |field: &Value| Column { name: name(field), r#type: types::from_schema(&field["type"]) };
    let columns: Vec<Column> = fields.iter().map(column).collect();
    let restored = |row: Vec<Value>| {
        columns.iter().zip(&row).map(|(column, value)| restored(column, value)).collect()
    };
    let rows: Vec<Vec<Value>> = rows(json.get("data")?)?.into_iter().map(restored).collect();
    let count = match rows.len() {
        LIVYS_ROW_LIMIT => {
            "1,000 rows: Livy's SQL returns no more, even if there are. Use %%sql -n 5000 for more."
                .to_owned()
        }
        count => how_many(count),
    };
    let warning = warning(&columns, rows.iter());
    let note = [Some(count), warning].into_iter().flatten().collect::<Vec<_>>().join("\n");
    Some((!columns.is_empty()).then_some(Table { columns, rows, note }))
}

/// The value as Spark writes it, if nothing of it was lost.
fn restored(column: &Column, value: &Value) -> Value {
    let text = match (column.r#type.as_str(), value) {
        ("float", Value::Number(number)) => number.as_f64().map(float),
        ("binary", Value::Array(bytes)) => binary(bytes),
        (r#type, Value::Number(number)) => {
            scale(r#type).zip(number.as_f64()).and_then(|(scale, number)| decimal(number, scale))
        }
        _ => None,
    };
    text.map_or_else(|| value.clone(), Value::from)
}

/// Says which columns may differ from what Spark has.
fn warning<'a>(
    columns: &[Column],
    rows: impl Iterator<Item = &'a Vec<Value>> + Clone,
) -> Option<String> {
    let may_be_wrong = |at: usize, column: &Column| {
        rows.clone().filter_map(|row| row.get(at)).any(|value| is_doubtful(column, value))
    };
    let named: Vec<String> = columns
        .iter()
        .enumerate()
        .filter(|(at, column)| may_be_wrong(*at, column))
        .map(|(_, column)| format!("{} ({})", column.name, column.r#type))
        .collect();
    (!named.is_empty()).then(|| {
        format!(
            "Livy's own SQL may show inexact values, and shows times in UTC: {}. Without LIVY_AGENT=never, the \
             session's Python shows exact ones.",
            named.join(", ")
        )
    })
}

fn is_doubtful(column: &Column, value: &Value) -> bool {
    match (column.r#type.as_str(), value) {
        // What is no number becomes null.
        ("float" | "double", value) => value.is_null(),
        (_, Value::Null) => false,
        ("tinyint" | "smallint" | "int" | "bigint" | "boolean" | "string" | "binary", _) => false,
        (r#type, value) => scale(r#type).is_none() || value.is_number(),
    }
}

fn scale(r#type: &str) -> Option<usize> {
    let (_, scale) = r#type.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
    scale.trim().parse().ok()
}

fn decimal(number: f64, scale: usize) -> Option<String> {
    let digits = number.abs() * 10_f64.powi(i32::try_from(scale).ok()?);
    (digits < EXACT_DIGITS).then(|| format!("{number:.scale$}"))
}

/// The shortest text of a number of 32 bits, as Java writes it.
fn float(number: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "it was a number of 32 bits")]
    let text = format!("{:?}", number as f32);
    match text.split_once('e') {
        Some((digits, power)) if digits.contains('.') => format!("{digits}E{power}"),
        Some((digits, power)) => format!("{digits}.0E{power}"),
        None => text,
    }
}

fn binary(bytes: &[Value]) -> Option<String> {
    let byte = |value: &Value| Some(format!("{:02X}", i8::try_from(value.as_i64()?).ok()?));
    let bytes: Option<Vec<String>> = bytes.iter().map(byte).collect();
    Some(format!("[{}]", bytes?.join(" ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn column(r#type: &str) -> Column {
        Column { name: "c".to_owned(), r#type: r#type.to_owned() }
    }

    #[track_caller]
    fn check(r#type: &str, value: Value, expected: Value, is_warned_of: bool) {
        let (column, shown) = (column(r#type), restored(&column(r#type), &value));
        assert_eq!(shown, expected, "{type} {value}");
        let warning = warning(&[column], [vec![shown]].iter());
        assert_eq!(warning.is_some(), is_warned_of, "{type} {value}: {warning:?}");
    }

    #[test]
    fn a_full_answer_of_livys_sql_says_that_rows_may_be_missing() {
        let rows: Vec<Value> = (0..1000).map(|n| json!([n])).collect();
        let fields = json!([{"name": "id", "type": "long"}]);
        let table = from_sql(&json!({"schema": {"fields": fields}, "data": rows})).flatten();
        assert!(table.unwrap().note.starts_with("1,000 rows: Livy's SQL returns no more"));
    }

    #[test]
    fn json_without_rows_is_no_table() {
        assert!(from_sql(&json!({"a": 1})).is_none());
        assert!(from_sql(&json!({"schema": {"fields": []}, "data": 1})).is_none());
    }

    #[test]
    fn what_was_not_lost_is_restored() {
        check("decimal(10,2)", json!(1.5), json!("1.50"), false);
        check("decimal(38,18)", json!(0.0), json!("0.000000000000000000"), false);
        check("float", json!(0.100_000_001_490_116_12), json!("0.1"), false);
        check("float", json!(1e20_f32), json!("1.0E20"), false);
        check("binary", json!([0, -1]), json!("[00 FF]"), false);
        check("bigint", json!(i64::MAX), json!(i64::MAX), false);
        check("string", json!("x"), json!("x"), false);
    }

    #[test]
    fn what_may_be_wrong_is_named() {
        check(
            "decimal(38,2)",
            json!(1.234_567_890_123_456_7e19),
            json!(1.234_567_890_123_456_7e19),
            true,
        );
        check("double", json!(null), json!(null), true);
        check("timestamp", json!("2024-07-01T16:00:00Z"), json!("2024-07-01T16:00:00Z"), true);
        check("date", json!("0000-01-01"), json!("0000-01-01"), true);
        check("array<float>", json!([0.1]), json!([0.1]), true);
        check("timestamp", json!(null), json!(null), false);
    }
}
