//! Shows JSON objects as aligned text.

use serde_json::Value;

use crate::{output::columns::align, visible::visible_in_line};

/// Returns a table of JSON objects. Each column has a heading and the JSON pointer of its field.
pub fn table(columns: &[(&str, &str)], rows: &[Value]) -> String {
    let headings = columns.iter().map(|(heading, _)| (*heading).to_owned()).collect();
    let cells = rows.iter().map(|row| columns.iter().map(|(_, field)| text(row, field)).collect());
    align(&std::iter::once(headings).chain(cells).collect::<Vec<_>>())
}

/// Returns the fields of one JSON object, one on each line, without those that have no value.
pub fn fields(columns: &[(&str, &str)], object: &Value) -> String {
    let rows: Vec<Vec<String>> = columns
        .iter()
        .map(|(heading, field)| vec![(*heading).to_owned(), text(object, field)])
        .filter(|row| row[1] != NO_VALUE)
        .collect();
    align(&rows)
}

/// Stands for a field without a value.
const NO_VALUE: &str = "-";

/// Returns the text of the field at a JSON pointer.
fn text(object: &Value, field: &str) -> String {
    match object.pointer(field) {
        None | Some(Value::Null) => NO_VALUE.to_owned(),
        Some(Value::Object(empty)) if empty.is_empty() => NO_VALUE.to_owned(),
        // The text stays in its cell: a name with line breaks cannot look like further rows.
        Some(Value::String(text)) => visible_in_line(text),
        Some(other) => visible_in_line(&other.to_string()),
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
