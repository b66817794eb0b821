//! Prints what cells show as text, for runs without a notebook to write.

use std::io::{self, IsTerminal};

use serde_json::Value;

use crate::{exec::outputs::display_id, terminal::streams, visible::without_colours};

/// What is printed of the cell that runs.
#[derive(Default)]
pub struct Console(Vec<Display>);

/// A display that changes, such as progress.
struct Display {
    id: String,
    printed: String,
    now: String,
}

impl Console {
    /// Prints an output: text and values to stdout, errors to stderr. Of a display that changes, the first and the last
    /// state go to stderr, since stdout is for results.
    ///
    /// # Errors
    ///
    /// Nobody reads stdout any more, or the disk is full.
    pub fn show(&mut self, msg_type: &str, content: &Value) -> io::Result<()> {
        match (msg_type, display_id(content)) {
            ("stream", _) => print_stream(content),
            ("display_data" | "update_display_data", Some(id)) => {
                self.change(id, text_of(content));
                Ok(())
            }
            ("display_data" | "execute_result", _) => streams::print_output(&text_of(content)),
            ("error", _) => {
                print_error(content);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Prints what the displays of the cell have come to.
    pub fn end_cell(&mut self) {
        for display in self.0.drain(..).filter(|display| display.now != display.printed) {
            streams::print_error_output(&display.now);
        }
    }

    fn change(&mut self, id: &str, text: String) {
        match self.0.iter_mut().find(|display| display.id == id) {
            Some(display) => display.now = text,
            None => {
                streams::print_error_output(&text);
                self.0.push(Display { id: id.to_owned(), printed: text.clone(), now: text });
            }
        }
    }
}

/// Prints the traceback of an error to stderr.
pub fn print_error(content: &Value) {
    let lines = content["traceback"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    match io::stderr().is_terminal() {
        true => streams::print_error_output(&text),
        false => streams::print_error_output(&without_colours(&text)),
    }
}

fn print_stream(content: &Value) -> io::Result<()> {
    let text = content["text"].as_str().unwrap_or_default();
    if content["name"] == "stderr" {
        streams::print_error_output(text);
        return Ok(());
    }
    streams::print_output(text)
}

/// The text of a value, or which types it has.
fn text_of(content: &Value) -> String {
    let Some(data) = content["data"].as_object() else { return String::new() };
    let text = match data.get("text/plain") {
        Some(Value::String(text)) => text.clone(),
        _ => format!("<{}>", data.keys().cloned().collect::<Vec<_>>().join(", ")),
    };
    format!("{}\n", text.trim_end_matches('\n'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_its_text_or_its_types() {
        let text = |data| text_of(&json!({"data": data}));
        assert_eq!(text(json!({"text/plain": "a\nb", "text/html": "<b>"})), "a\nb\n");
        assert_eq!(text(json!({"text/plain": "a\n"})), "a\n");
        assert_eq!(text(json!({"image/png": "", "text/html": ""})), "<image/png, text/html>\n");
    }

    #[test]
    fn a_display_that_changes_is_remembered_until_its_cell_ends() {
        let mut console = Console::default();
        let mut show = |msg_type, text| {
            let content = json!({"data": {"text/plain": text}, "transient": {"display_id": "a"}});
            console.show(msg_type, &content).unwrap();
        };
        show("display_data", "1");
        show("update_display_data", "2");
        let [display] = &console.0[..] else { panic!("one display was expected") };
        assert_eq!((display.printed.as_str(), display.now.as_str()), ("1\n", "2\n"));
        console.end_cell();
        assert!(console.0.is_empty());
    }
}
