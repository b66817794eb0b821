//! Renders a table as aligned text, for terminals.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::output::{
    columns::{Columns, Side},
    table::{Table, value_text},
};

/// The widest value in columns of a terminal; a wider one is cut, since its line would wrap.
const VALUE_WIDTH_LIMIT: usize = 100;

impl Table {
    /// The table with its columns aligned, numbers to the right.
    pub fn to_text(&self) -> String {
        if let Some(text) = self.document() {
            return text.to_owned();
        }
        let names = self.columns.iter().map(|column| cut(&column.name)).collect();
        let values =
            self.rows.iter().map(|row| row.iter().map(|value| cut(&value_text(value))).collect());
        let rows: Vec<Vec<String>> = std::iter::once(names).chain(values).collect();
        let sides = self.columns.iter().map(|column| match column.is_numeric() {
            true => Side::Right,
            false => Side::Left,
        });
        let columns = Columns::fit(&rows, sides);
        let mut lines: Vec<String> = rows.iter().map(|row| columns.line(row)).collect();
        lines.insert(1, columns.rule());
        lines.extend((!self.note.is_empty()).then(|| self.note.clone()));
        lines.join("\n")
    }
}

/// Puts the text on one line, and cuts it if it is too wide.
fn cut(text: &str) -> String {
    let line = text.replace('\r', "\\r").replace('\n', "\\n").replace('\t', "\\t");
    if line.width() <= VALUE_WIDTH_LIMIT {
        return line;
    }
    let mut width = 0;
    let fits = |c: &char| {
        width += c.width().unwrap_or_default();
        width < VALUE_WIDTH_LIMIT
    };
    let begin: String = line.chars().take_while(fits).collect();
    begin + "…"
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::{Value, json};

    use crate::output::table::livys_sql::from_sql;

    fn text(fields: &Value, data: &Value) -> String {
        from_sql(&json!({"schema": {"fields": fields}, "data": data})).flatten().unwrap().to_text()
    }

    #[test]
    fn text_is_aligned_with_wide_letters_nulls_and_line_breaks() {
        let text = text(
            &json!([{"name": "name", "type": "string"}, {"name": "n", "type": "long"}]),
            &json!([["日本", 5], ["a\nb", null], ["é", 9_007_199_254_740_993_i64]]),
        );
        assert_snapshot!(text, @r"
        name                 n
        ----  ----------------
        日本                 5
        a\nb              NULL
        é     9007199254740993
        3 rows
        ");
    }

    #[test]
    fn a_long_value_is_cut_and_a_nested_one_is_json() {
        let text = text(
            &json!([{"name": "a", "type": {"type": "array"}}, {"name": "b", "type": "string"}]),
            &json!([[[1, {"k": null}], "日".repeat(500)]]),
        );
        let line = text.lines().nth(2).unwrap();
        assert!(line.starts_with(r#"[1,{"k":null}]  日"#) && line.ends_with("日…"), "{line}");
        assert!(line.chars().count() < 80);
    }
}
