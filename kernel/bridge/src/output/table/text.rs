//! A table as aligned text, for terminals.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Table, shown};

/// A value that is wider is cut: its line would be of no use.
const WIDEST: usize = 100;

impl Table {
    /// Columns aligned by what a terminal shows, where an East Asian letter takes two places.
    pub fn text(&self) -> String {
        let cell = |value| cut(&shown(value));
        let cells: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
        let names: Vec<String> = self.columns.iter().map(|column| cut(&column.name)).collect();
        let width = |at: usize| {
            let cells = cells.iter().filter_map(|row| row.get(at)).map(|cell| cell.width());
            cells.chain([names[at].width()]).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..names.len()).map(width).collect();
        let rule = widths.iter().map(|&width| "-".repeat(width)).collect::<Vec<_>>().join("  ");
        let mut lines = vec![self.line(&names, &widths), rule];
        lines.extend(cells.iter().map(|row| self.line(row, &widths)));
        lines.extend((!self.note.is_empty()).then(|| self.note.clone()));
        lines.join("\n")
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let padded: Vec<String> = cells
            .iter()
            .zip(widths)
            .zip(&self.columns)
            .map(|((cell, width), column)| {
                let space = " ".repeat(width.saturating_sub(cell.width()));
                if column.is_numeric() { space + cell } else { cell.clone() + &space }
            })
            .collect();
        padded.join("  ").trim_end().to_owned()
    }
}

/// On one line, and not too long for it.
fn cut(text: &str) -> String {
    let line = text.replace('\r', "\\r").replace('\n', "\\n").replace('\t', "\\t");
    if line.width() <= WIDEST {
        return line;
    }
    let mut width = 0;
    let fits = |c: &char| {
        width += c.width().unwrap_or_default();
        width < WIDEST
    };
    let begin: String = line.chars().take_while(fits).collect();
    begin + "…"
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::from_sql;

    fn text(fields: &Value, data: &Value) -> String {
        from_sql(&json!({"schema": {"fields": fields}, "data": data})).flatten().unwrap().text()
    }

    #[test]
    fn text_is_aligned_with_wide_letters_nulls_and_line_breaks() {
        let text = text(
            &json!([{"name": "name", "type": "string"}, {"name": "n", "type": "long"}]),
            &json!([["日本", 5], ["a\nb", null], ["é", 9_007_199_254_740_993_i64]]),
        );
        let expected = "\
name                 n
----  ----------------
日本                 5
a\\nb              NULL
é     9007199254740993
3 rows";
        assert_eq!(text, expected);
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
