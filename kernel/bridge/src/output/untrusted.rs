//! Outputs of statements that somebody else sent. That user decides what is in them, and a frontend
//! would run HTML or JavaScript with the rights of the reader. So only harmless types are shown:
//! text, bitmap images, and tables that the kernel itself makes from rows. Pure.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use crate::{
    error::CellError,
    kind::Kind,
    output::{
        cell_output::{CellOutput, HTML, JSON, LIVY_TABLE, PLAIN, ROWS},
        render,
    },
    visible::{visible, visible_with_colours},
};

/// Harmless outputs, and what was left out of them.
#[derive(Debug, Default, PartialEq)]
pub struct UntrustedOutput {
    /// The outputs, without anything that a frontend would run.
    pub shown: Vec<CellOutput>,
    /// The MIME types that were left out.
    pub withheld: BTreeSet<String>,
}

impl From<Vec<CellOutput>> for UntrustedOutput {
    fn from(shown: Vec<CellOutput>) -> Self {
        Self { shown, withheld: BTreeSet::new() }
    }
}

/// Turns a statement's `data` into harmless outputs.
///
/// # Errors
/// As for [`render`].
pub fn render_untrusted(
    kind: Kind,
    code: &str,
    data: Map<String, Value>,
) -> Result<UntrustedOutput, CellError> {
    let mut withheld = BTreeSet::new();
    let harmless = data.into_iter().filter_map(|(mime, value)| match admitted(&mime, value) {
        Some(value) => Some((mime, value)),
        None => {
            withheld.insert(mime);
            None
        }
    });
    let whole = render(kind, code, harmless.collect())?;
    let shown = whole.into_iter().map(|shown| without_active_types(shown, &mut withheld)).collect();
    Ok(UntrustedOutput { shown, withheld })
}

/// The value if it is text, an image, or rows.
fn admitted(mime: &str, value: Value) -> Option<Value> {
    match mime {
        PLAIN => value.as_str().map(|text| visible_with_colours(text).into()),
        JSON | LIVY_TABLE | ROWS => Some(value),
        _ => is_image(mime, &value).then_some(value),
    }
}

/// Removes what a frontend would run. HTML was not admitted, so any HTML here is a table that the
/// kernel has made.
fn without_active_types(shown: CellOutput, withheld: &mut BTreeSet<String>) -> CellOutput {
    let mut keep = |data: Map<String, Value>| {
        let kept = data.into_iter().filter_map(|(mime, value)| match mime.as_str() {
            PLAIN => Some((mime, visible_with_colours(value.as_str()?).into())),
            HTML => Some((mime, visible(value.as_str()?).into())),
            // The same stands in the bundle as text.
            JSON => None,
            _ if is_image(&mime, &value) => Some((mime, value)),
            _ => {
                withheld.insert(mime);
                None
            }
        });
        kept.collect()
    };
    match shown {
        CellOutput::Stream(text) => CellOutput::Stream(visible_with_colours(&text)),
        CellOutput::Warning(text) => CellOutput::Warning(visible(&text)),
        CellOutput::Result(data) => CellOutput::Result(keep(data)),
        CellOutput::Display(data) => CellOutput::Display(keep(data)),
    }
}

/// Whether the value is a bitmap image of the type that it claims to be.
fn is_image(mime: &str, value: &Value) -> bool {
    let Some(text) = value.as_str() else { return false };
    let is_base64 =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '\n' | '\r');
    if !text.chars().all(is_base64) {
        return false;
    }
    let first: String = text.chars().filter(|c| !c.is_ascii_whitespace()).take(16).collect();
    let Ok(bytes) = STANDARD.decode(first) else { return false };
    match mime {
        "image/png" => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
        "image/jpeg" => bytes.starts_with(b"\xff\xd8\xff"),
        "image/gif" => bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a"),
        "image/webp" => bytes.starts_with(b"RIFF") && bytes[8..] == *b"WEBP",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PNG: &str = "iVBORw0KGgoAAAANSUhEUg==";

    fn untrusted(kind: Kind, data: Value) -> UntrustedOutput {
        let Value::Object(data) = data else { panic!("data is an object") };
        render_untrusted(kind, "x", data).unwrap()
    }

    #[track_caller]
    fn check(data: Value, shown: &[&str], withheld: &[&str]) {
        let output = untrusted(Kind::Pyspark, data);
        let keys: Vec<&str> = output.shown.iter().flat_map(bundle).map(String::as_str).collect();
        assert_eq!(keys, shown);
        assert_eq!(output.withheld.iter().collect::<Vec<_>>(), withheld);
    }

    fn bundle(shown: &CellOutput) -> impl Iterator<Item = &String> {
        match shown {
            CellOutput::Result(data) | CellOutput::Display(data) => data.keys(),
            other => panic!("a bundle was expected: {other:?}"),
        }
    }

    #[test]
    fn every_type_that_a_frontend_could_run_is_withheld() {
        for mime in [
            "text/html",
            "application/javascript",
            "text/javascript",
            "image/svg+xml",
            "text/markdown",
            "text/latex",
            "application/pdf",
            "application/vnd.jupyter.widget-view+json",
            "application/vnd.vegalite.v5+json",
            "application/vnd.plotly.v1+json",
            "application/vnd.bokehjs_exec.v0+json",
            "application/geo+json",
            "TEXT/HTML",
            "text/plain; charset=utf-8",
            "a type that is still to be invented",
        ] {
            check(json!({mime: "<script>", "text/plain": "x"}), &["text/plain"], &[mime]);
            check(json!({mime: {"a": "<script>"}}), &[], &[mime]);
        }
    }

    #[test]
    fn images_of_the_claimed_type_are_shown() {
        check(json!({"image/png": PNG, "text/plain": "x"}), &["image/png", "text/plain"], &[]);
        check(json!({"image/png": format!("{PNG}\n")}), &["image/png"], &[]);
        for (mime, base64) in [
            ("image/jpeg", "/9j/4AAQSkZJRgABAQ=="),
            ("image/gif", "R0lGODlhAQABAIAAAAAA"),
            ("image/webp", "UklGRiQAAABXRUJQVlA4"),
        ] {
            check(json!({mime: base64}), &[mime], &[]);
            check(json!({"image/png": base64}), &[], &["image/png"]);
        }
        for wrong in ["<svg onload=alert(1)>", "", "iVBORw0KGgo=\"><script>", "AAAA"] {
            check(json!({"image/png": wrong}), &[], &["image/png"]);
        }
    }

    #[test]
    fn tables_are_the_kernels_own() {
        let rows =
            json!({"livy_kernel": 1, "columns": [["<b>", "string"]], "rows": [["<script>evil"]]});
        let data = json!({"application/json": rows, "text/html": "<script>alert(1)</script>"});
        let output = untrusted(Kind::Pyspark, data);
        let [CellOutput::Result(table)] = &output.shown[..] else { panic!("{output:?}") };
        let html = table["text/html"].as_str().unwrap();
        assert!(html.contains("&lt;script&gt;evil") && !html.contains("<script>evil"), "{html}");
        assert!(!html.contains("alert(1)") && output.withheld.contains("text/html"));
        let livys = json!({"headers": [{"type": "BIGINT_TYPE", "name": "0"}], "data": [[1]]});
        let data = json!({"application/vnd.livy.table.v1+json": livys});
        check(data, &["text/html", "text/plain"], &[]);
    }

    #[test]
    fn a_chart_is_shown_as_its_rows() {
        let (columns, rows) = (json!([["a", "string"], ["n", "int"]]), json!([["x", 1]]));
        let answer = json!({"livy_kernel": 1, "columns": columns, "rows": rows,
            "chart": {"kind": "bar", "x": "a", "y": "n"}});
        check(
            json!({"application/json": answer}),
            &["text/plain"],
            &["application/vnd.vegalite.v5+json"],
        );
    }

    #[test]
    fn json_is_text() {
        check(json!({"application/json": {"a": 1}}), &["text/plain"], &[]);
    }

    #[test]
    fn escape_sequences_are_shown_but_for_colours() {
        let text = "\u{1b}[31mred\u{1b}[0m \u{1b}]52;c;eA==\u{7}";
        let output = untrusted(Kind::Pyspark, json!({"text/plain": text}));
        let [CellOutput::Result(data)] = &output.shown[..] else { panic!("{output:?}") };
        assert_eq!(data[PLAIN], "\u{1b}[31mred\u{1b}[0m \\u001b]52;c;eA==\\u0007");
    }
}
