//! Renders a table as HTML. It can be searched and sorted where the frontend allows scripts, and read
//! where it does not.

use serde_json::Value;

use crate::{
    output::{
        html::escape,
        table::{Column, Table, value_text},
    },
    visible::shortened,
};

const STYLE: &str = include_str!("table.css");
const SCRIPT: &str = include_str!("table.js");
/// A value with more characters is folded.
const FOLDING_LIMIT: usize = 200;
/// How many characters of a folded value are shown.
const FOLDED_LENGTH: usize = 80;

impl Table {
    /// The table with pandas' class `dataframe`, which JupyterLab and VS Code style by their themes.
    pub fn to_html(&self) -> String {
        if let Some(text) = self.document() {
            return format!("<pre>{}</pre>", escape(text));
        }
        let head: String = self.columns.iter().map(heading).collect();
        let body: String = self.rows.iter().map(|row| self.row(row)).collect();
        let note = match self.note.as_str() {
            "" => String::new(),
            note => format!("<p>{}</p>", escape(note)),
        };
        format!(
            "<div class=\"livy-table\"><style>{STYLE}</style><div><table border=\"1\" class=\"dataframe\">\
             <thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>{note}\
             <script>{SCRIPT}</script></div>"
        )
    }

    fn row(&self, row: &[Value]) -> String {
        let cells: String =
            self.columns.iter().zip(row).map(|(column, value)| cell(column, value)).collect();
        format!("<tr>{cells}</tr>\n")
    }
}

fn heading(column: &Column) -> String {
    format!("<th>{}<br><small>{}</small></th>", escape(&column.name), escape(&column.r#type))
}

fn cell(column: &Column, value: &Value) -> String {
    match value {
        Value::Null => "<td><i>NULL</i></td>".to_owned(),
        value if column.is_numeric() => {
            format!("<td class=\"n\">{}</td>", escape(&value_text(value)))
        }
        value => format!("<td>{}</td>", folded(&value_text(value))),
    }
}

fn folded(text: &str) -> String {
    if text.chars().nth(FOLDING_LIMIT).is_none() {
        return escape(text);
    }
    let summary = escape(&shortened(text, FOLDED_LENGTH));
    format!("<details><summary>{summary}</summary>{}</details>", escape(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table(r#type: &str, values: &[Value]) -> Table {
        let column = Column { name: "<b>".to_owned(), r#type: r#type.to_owned() };
        let rows = values.iter().map(|value| vec![value.clone()]).collect();
        Table { columns: vec![column], rows, note: "1 < 2".to_owned() }
    }

    #[test]
    fn names_values_types_and_notes_are_escaped() {
        let html =
            table("a<b>", &[json!("<script>alert(1)</script> & \"x\""), json!(null)]).to_html();
        for part in [
            "<th>&lt;b&gt;<br><small>a&lt;b&gt;</small></th>",
            "<td>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot;</td>",
            "<td><i>NULL</i></td>",
            "<p>1 &lt; 2</p>",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }

    #[test]
    fn numbers_are_exact_and_stand_to_the_right() {
        let html =
            table("decimal(38,0)", &[json!("12345678901234567890123456789"), json!(1)]).to_html();
        assert!(html.contains("<td class=\"n\">12345678901234567890123456789</td>"), "{html}");
    }

    #[test]
    fn long_text_is_folded() {
        let html = table("string", &[json!("é".repeat(201)), json!("é".repeat(200))]).to_html();
        let folded = format!("<details><summary>{}…</summary>", "é".repeat(80));
        assert!(html.contains(&folded) && html.matches("<details>").count() == 1, "{html}");
    }

    #[test]
    fn a_hundred_rows_are_small() {
        let rows: Vec<Value> = (0..100).map(|n| json!(format!("some text of row {n}"))).collect();
        assert!(table("string", &rows).to_html().len() < 10_000);
    }
}
