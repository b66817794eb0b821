//! Aligned text for a terminal.

use serde_json::Value;

use super::terminal::escaped;
use crate::columns::align;

/// Columns of JSON objects: a heading, and the field below it.
pub fn table(columns: &[(&str, &str)], rows: &[Value]) -> String {
    let headings = columns.iter().map(|(heading, _)| (*heading).to_owned()).collect();
    let cells = rows.iter().map(|row| columns.iter().map(|(_, field)| text(row, field)).collect());
    align(&std::iter::once(headings).chain(cells).collect::<Vec<_>>())
}

/// Fields of one JSON object, a line each; those without a value are left out.
pub fn fields(columns: &[(&str, &str)], object: &Value) -> String {
    let rows: Vec<Vec<String>> = columns
        .iter()
        .map(|(heading, field)| vec![(*heading).to_owned(), text(object, field)])
        .filter(|row| row[1] != NOTHING)
        .collect();
    align(&rows)
}

const NOTHING: &str = "-";

/// A field by its JSON pointer.
fn text(object: &Value, field: &str) -> String {
    match object.pointer(field) {
        None | Some(Value::Null) => NOTHING.to_owned(),
        Some(Value::Object(empty)) if empty.is_empty() => NOTHING.to_owned(),
        // It stays in its cell: a name with line breaks cannot pass for further rows.
        Some(Value::String(text)) => escaped(text).replace('\n', "\\n").replace('\t', "\\t"),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const COLUMNS: [(&str, &str); 3] =
        [("ID", "/id"), ("NAME", "/name"), ("UI", "/appInfo/sparkUiUrl")];

    #[test]
    fn a_table_aligns_numbers_nulls_and_wide_letters() {
        let rows = [
            json!({"id": 12, "name": "日本", "appInfo": {"sparkUiUrl": "http://ui"}}),
            json!({"id": "b0-4f", "name": null}),
        ];
        let expected = "ID     NAME  UI\n12     日本  http://ui\nb0-4f  -     -";
        assert_eq!(table(&COLUMNS, &rows), expected);
        assert_eq!(table(&COLUMNS, &[]), "ID  NAME  UI");
    }

    #[test]
    fn fields_without_a_value_are_left_out() {
        assert_eq!(fields(&COLUMNS, &json!({"id": 1, "name": null})), "ID  1");
    }
}
