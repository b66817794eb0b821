//! A display that is updated in place.

use jupyter_wire::{
    Frontend, Parent,
    content::{DisplayData, Transient, UpdateDisplayData},
};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{columns, html::escape};

/// A display on a frontend, once there is something to show.
pub struct Panel {
    audience: Option<(Frontend, Parent)>,
    id: String,
    shown: Option<Text>,
}

/// A text, and its twin in HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// For terminals.
    pub plain: String,
    /// For everybody else.
    pub html: String,
}

impl Panel {
    /// Nothing is shown yet, and without an audience nothing ever will be.
    pub fn new(audience: Option<(Frontend, Parent)>) -> Self {
        Self { audience, id: Uuid::new_v4().to_string(), shown: None }
    }

    /// Whether anything was ever shown.
    pub fn is_up(&self) -> bool {
        self.shown.is_some()
    }

    /// Shows the text in the place of what was shown before.
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
    /// The same in both.
    pub fn plain(text: &str) -> Self {
        Self { plain: text.to_owned(), html: escape(text) }
    }

    /// Lines as they are.
    pub fn lines(lines: &[&str]) -> Self {
        let plain = lines.join("\n");
        Self { html: format!("<pre>{}</pre>", escape(&plain)), plain }
    }

    /// Rows below headings, in aligned columns.
    pub fn rows(headings: &[&str], rows: &[Vec<String>]) -> Self {
        let headings: Vec<String> = headings.iter().map(|&heading| heading.to_owned()).collect();
        let row = |tag: &str, cells: &[String]| {
            let cell = |text: &String| {
                format!("<{tag} style=\"text-align:left\">{}</{tag}>", escape(text))
            };
            format!("<tr>{}</tr>", cells.iter().map(cell).collect::<String>())
        };
        let body: String = rows.iter().map(|cells| row("td", cells)).collect();
        let html = format!("<table>{}{body}</table>", row("th", &headings));
        let all: Vec<Vec<String>> = std::iter::once(headings).chain(rows.iter().cloned()).collect();
        Self { plain: columns::align(&all), html }
    }

    /// Names and what they have; an address becomes a link.
    pub fn table(rows: &[(&str, String)]) -> Self {
        let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        let plain: Vec<String> =
            rows.iter().map(|(name, value)| format!("{name:width$}  {value}")).collect();
        let cells = rows.iter().map(|(name, value)| {
            let value = match value.starts_with("http") {
                true => format!("<a href=\"{0}\" target=\"_blank\">{0}</a>", escape(value)),
                false => escape(value),
            };
            let style = "style=\"text-align:left\"";
            format!("<tr><th {style}>{}</th><td {style}>{value}</td></tr>", escape(name))
        });
        let html = format!("<table>{}</table>", cells.collect::<String>());
        Self { plain: plain.join("\n"), html }
    }

    /// As a MIME bundle.
    pub fn bundle(&self) -> Map<String, Value> {
        Map::from_iter([
            // Programs at a terminal add no end of line themselves.
            ("text/plain".to_owned(), format!("{}\n", self.plain).into()),
            ("text/html".to_owned(), self.html.clone().into()),
        ])
    }
}
