//! Shows text in one display that is updated in place.

use jupyter_wire::{
    Frontend, Parent,
    content::{DisplayData, Transient, UpdateDisplayData},
};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    output::{
        columns::align,
        html::{escape, link},
    },
    settings::choices::AfterRun,
    visible::{visible, visible_in_line},
};

/// One display (`display_id`), which appears with its first text.
pub struct Panel {
    /// Who sees the display; nobody sees that of a silent cell.
    audience: Option<(Frontend, Parent)>,
    id: String,
    shown: Option<Text>,
}

/// A text as it is shown in terminals, and as HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The text that terminals show.
    pub plain: String,
    /// The HTML that notebooks show.
    pub html: String,
}

impl Panel {
    /// A display that shows nothing yet; without an audience it never will.
    pub fn new(audience: Option<(Frontend, Parent)>) -> Self {
        Self { audience, id: Uuid::new_v4().to_string(), shown: None }
    }

    /// The same display, which never appears if the user wants to see no progress.
    pub fn unless_never(self, after_run: AfterRun) -> Self {
        Self { audience: self.audience.filter(|_| after_run != AfterRun::Never), ..self }
    }

    /// Whether the display has appeared.
    pub fn is_shown(&self) -> bool {
        self.shown.is_some()
    }

    /// Shows the text in place of the one before.
    pub async fn show(&mut self, text: Text) {
        let Some((frontend, parent)) = &self.audience else {
            return;
        };
        if self.shown.as_ref() == Some(&text) {
            return;
        }
        let (data, transient) = (text.bundle(), Transient::id(&self.id));
        let first = self.shown.replace(text).is_none();
        if first {
            let display = DisplayData { data, transient, ..Default::default() };
            frontend.publish(parent, &display).await;
        } else {
            let update = UpdateDisplayData { data, transient, ..Default::default() };
            frontend.publish(parent, &update).await;
        }
    }
}

impl Text {
    /// The same text in both forms.
    pub fn plain(text: &str) -> Self {
        Self { plain: text.to_owned(), html: escape(text) }
    }

    /// Lines that keep their spaces and breaks.
    pub fn lines(lines: &[&str]) -> Self {
        let plain = lines.join("\n");
        Self { html: format!("<pre>{}</pre>", escape(&plain)), plain }
    }

    /// Rows below headings, in aligned columns.
    pub fn rows(headings: &[&str], rows: &[Vec<String>]) -> Self {
        let visible_row =
            |row: &Vec<String>| row.iter().map(|text| visible_in_line(text)).collect();
        let headings = headings.iter().map(|&heading| heading.to_owned()).collect();
        let all: Vec<Vec<String>> =
            std::iter::once(headings).chain(rows.iter().map(visible_row)).collect();
        let html = all.iter().zip(std::iter::once("th").chain(std::iter::repeat("td")));
        let html =
            html.map(|(row, tag)| html_row(row.iter().map(|text| html_cell(tag, &escape(text)))));
        Self { plain: align(&all), html: html_table(html) }
    }

    /// Names and their values, a line each; a web address becomes a link.
    pub fn fields(fields: &[(&str, String)]) -> Self {
        let plain: Vec<Vec<String>> = fields
            .iter()
            .map(|(name, value)| vec![(*name).to_owned(), visible_in_line(value)])
            .collect();
        let html = fields.iter().map(|(name, value)| {
            html_row([html_cell("th", &escape(name)), html_cell("td", &html_value(value))])
        });
        Self { plain: align(&plain), html: html_table(html) }
    }

    /// The text as a MIME bundle. What a server put into it has no effect on the frontend.
    pub fn bundle(&self) -> Map<String, Value> {
        Map::from_iter([
            // Programs in a terminal do not add a line break.
            ("text/plain".to_owned(), format!("{}\n", visible(&self.plain)).into()),
            ("text/html".to_owned(), visible(&self.html).into()),
        ])
    }
}

fn html_value(value: &str) -> String {
    let text = escape(&visible_in_line(value));
    match link(value) {
        Some(_) => format!("<a href=\"{text}\" target=\"_blank\">{text}</a>"),
        None => text,
    }
}

/// Notebooks align cells to the right unless told otherwise.
fn html_cell(tag: &str, html: &str) -> String {
    format!("<{tag} style=\"text-align:left\">{html}</{tag}>")
}

fn html_row(cells: impl IntoIterator<Item = String>) -> String {
    format!("<tr>{}</tr>", cells.into_iter().collect::<String>())
}

fn html_table(rows: impl Iterator<Item = String>) -> String {
    format!("<table>{}</table>", rows.collect::<String>())
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn rows_have_a_twin_in_html() {
        let rows = [vec!["7".to_owned(), "a\n<b>".to_owned()]];
        let text = Text::rows(&["id", "name"], &rows);
        assert_snapshot!(text.plain, @r"
        id  name
        7   a\n<b>
        ");
        assert_snapshot!(text.html, @r#"<table><tr><th style="text-align:left">id</th><th style="text-align:left">name</th></tr><tr><td style="text-align:left">7</td><td style="text-align:left">a\n&lt;b&gt;</td></tr></table>"#);
    }

    #[test]
    fn an_address_among_fields_is_a_link() {
        let fields = [("Session", "7".to_owned()), ("Spark UI", "http://ui:4040".to_owned())];
        let text = Text::fields(&fields);
        assert_snapshot!(text.plain, @r"
        Session   7
        Spark UI  http://ui:4040
        ");
        assert_snapshot!(text.html, @r#"<table><tr><th style="text-align:left">Session</th><td style="text-align:left">7</td></tr><tr><th style="text-align:left">Spark UI</th><td style="text-align:left"><a href="http://ui:4040" target="_blank">http://ui:4040</a></td></tr></table>"#);
    }
}
