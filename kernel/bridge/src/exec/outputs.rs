//! What a kernel publishes becomes the outputs of a notebook's cells, as in nbclient and JupyterLab. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::exec::notebook::Cell;

/// What later messages have to know of earlier ones.
#[derive(Default)]
pub struct Outputs {
    /// The cells and outputs that show each display, by its id.
    displays: BTreeMap<String, Vec<(usize, usize)>>,
    /// The cells whose outputs the next output replaces.
    to_clear: BTreeSet<usize>,
}

impl Outputs {
    /// Forgets what a cell has shown, which runs now.
    pub fn begin(&mut self, cells: &mut [Cell], at: usize) {
        self.clear(cells, at);
    }

    /// Changes the outputs of the cell that a message is for, and others that show the same display.
    pub fn apply(&mut self, cells: &mut [Cell], at: usize, msg_type: &str, content: &Value) {
        match msg_type {
            "clear_output" if content["wait"] == true => drop(self.to_clear.insert(at)),
            "clear_output" => self.clear(cells, at),
            "update_display_data" => self.update(cells, content),
            "display_data" | "execute_result" => {
                self.update(cells, content);
                self.clear_before_output(cells, at);
                let output = with_fields(msg_type, content, bundle_fields(msg_type));
                self.add(cells, at, display_id(content), output);
            }
            "stream" => {
                self.clear_before_output(cells, at);
                if !appended(&mut cells[at], content) {
                    self.add(cells, at, None, with_fields(msg_type, content, &["name", "text"]));
                }
            }
            "error" => {
                self.clear_before_output(cells, at);
                let output = with_fields(msg_type, content, &["ename", "evalue", "traceback"]);
                self.add(cells, at, None, output);
            }
            _ => {}
        }
    }

    fn add(&mut self, cells: &mut [Cell], at: usize, id: Option<&str>, output: Value) {
        let outputs = cells[at].outputs_mut();
        if let Some(id) = id {
            self.displays.entry(id.to_owned()).or_default().push((at, outputs.len()));
        }
        outputs.push(output);
    }

    fn update(&mut self, cells: &mut [Cell], content: &Value) {
        let Some(places) = display_id(content).and_then(|id| self.displays.get(id)) else { return };
        for &(cell, output) in places {
            if let Some(Value::Object(output)) = cells[cell].outputs_mut().get_mut(output) {
                for name in ["data", "metadata"] {
                    output.insert(name.to_owned(), or_empty(name, &content[name]));
                }
            }
        }
    }

    fn clear_before_output(&mut self, cells: &mut [Cell], at: usize) {
        if self.to_clear.remove(&at) {
            self.clear(cells, at);
        }
    }

    fn clear(&mut self, cells: &mut [Cell], at: usize) {
        self.to_clear.remove(&at);
        cells[at].outputs_mut().clear();
        self.displays.values_mut().for_each(|places| places.retain(|&(cell, _)| cell != at));
    }
}

/// The id by which a display can be changed later.
pub fn display_id(content: &Value) -> Option<&str> {
    content["transient"]["display_id"].as_str()
}

fn bundle_fields(msg_type: &str) -> &'static [&'static str] {
    match msg_type {
        "execute_result" => &["data", "metadata", "execution_count"],
        _ => &["data", "metadata"],
    }
}

fn with_fields(msg_type: &str, content: &Value, names: &[&str]) -> Value {
    let mut output = Map::from_iter([("output_type".to_owned(), msg_type.into())]);
    for &name in names {
        output.insert(name.to_owned(), or_empty(name, &content[name]));
    }
    output.into()
}

/// A field that nbformat requires.
fn or_empty(name: &str, value: &Value) -> Value {
    match (name, value) {
        ("data" | "metadata", Value::Null) => json!({}),
        ("traceback", Value::Null) => json!([]),
        ("ename" | "evalue" | "text", Value::Null) => "".into(),
        ("name", Value::Null) => "stdout".into(),
        (_, value) => value.clone(),
    }
}

/// Adds text to the cell's last output, if that is the same stream.
fn appended(cell: &mut Cell, content: &Value) -> bool {
    match cell.outputs_mut().last_mut() {
        Some(last) if last["output_type"] == "stream" && last["name"] == content["name"] => {
            let before = last["text"].as_str().unwrap_or_default();
            last["text"] =
                format!("{before}{}", content["text"].as_str().unwrap_or_default()).into();
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two cells, to which messages are applied.
    struct Cells(Vec<Cell>, Outputs);

    impl Cells {
        fn new() -> Self {
            let cells = [(); 2].map(|()| Cell::of_code("", &[])).to_vec();
            Self(cells, Outputs::default())
        }

        fn apply(&mut self, at: usize, msg_type: &str, content: Value) {
            self.1.apply(&mut self.0, at, msg_type, &content);
        }

        fn print(&mut self, name: &str, text: &str) {
            self.apply(0, "stream", json!({"name": name, "text": text}));
        }

        fn display(&mut self, at: usize, msg_type: &str, id: &str, text: &str) {
            let content = json!({"data": {"text/plain": text}, "metadata": {},
                "transient": {"display_id": id}});
            self.apply(at, msg_type, content);
        }

        fn texts(&self, at: usize) -> Vec<&str> {
            let text = |output: &'_ Value| match &output["text"] {
                Value::Null => output["data"]["text/plain"].clone(),
                text => text.clone(),
            };
            let texts = self.0[at].outputs().iter().map(text);
            texts.map(|text| &*text.as_str().unwrap().to_owned().leak()).collect()
        }
    }

    #[test]
    fn text_of_one_stream_is_one_output() {
        let mut cells = Cells::new();
        for (name, text) in [("stdout", "a"), ("stdout", "b"), ("stderr", "c"), ("stdout", "d")] {
            cells.print(name, text);
        }
        assert_eq!(cells.texts(0), ["ab", "c", "d"]);
        assert_eq!(
            cells.0[0].outputs()[0],
            json!({"output_type": "stream", "name": "stdout", "text": "ab"})
        );
    }

    #[test]
    fn results_and_errors_have_the_fields_of_nbformat_only() {
        let mut cells = Cells::new();
        let result = json!({"data": {"text/plain": "1"}, "metadata": {"m": 1}, "execution_count": 3,
            "transient": {}});
        cells.apply(0, "execute_result", result);
        cells.apply(0, "display_data", json!({"data": {}, "transient": null}));
        cells.apply(0, "error", json!({"ename": "E", "evalue": "v", "traceback": ["t"], "x": 1}));
        assert_eq!(
            cells.0[0].outputs(),
            [
                json!({"output_type": "execute_result", "data": {"text/plain": "1"},
                    "metadata": {"m": 1}, "execution_count": 3}),
                json!({"output_type": "display_data", "data": {}, "metadata": {}}),
                json!({"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t"]}),
            ]
        );
    }

    #[test]
    fn an_update_changes_the_display_in_all_cells() {
        let mut cells = Cells::new();
        cells.display(0, "update_display_data", "a", "of nothing");
        cells.display(0, "display_data", "a", "1");
        cells.display(0, "display_data", "b", "other");
        cells.display(1, "display_data", "a", "2");
        assert_eq!((cells.texts(0), cells.texts(1)), (vec!["2", "other"], vec!["2"]));
        cells.display(1, "update_display_data", "a", "3");
        assert_eq!((cells.texts(0), cells.texts(1)), (vec!["3", "other"], vec!["3"]));
    }

    #[test]
    fn outputs_are_cleared_at_once_or_by_the_next_one() {
        let mut cells = Cells::new();
        cells.display(0, "display_data", "a", "1");
        cells.apply(0, "clear_output", json!({"wait": true}));
        assert_eq!(cells.texts(0), ["1"]);
        cells.print("stdout", "2");
        assert_eq!(cells.texts(0), ["2"]);
        cells.display(1, "update_display_data", "a", "it is gone");
        cells.print("stdout", "3");
        assert_eq!(cells.texts(0), ["23"]);
        cells.apply(0, "clear_output", json!({"wait": false}));
        assert_eq!(cells.texts(0), [""; 0]);
    }

    #[test]
    fn a_cell_that_runs_again_begins_empty() {
        let mut cells = Cells::new();
        cells.print("stdout", "1");
        cells.apply(0, "clear_output", json!({"wait": true}));
        cells.1.begin(&mut cells.0, 0);
        cells.print("stdout", "2");
        cells.print("stdout", "3");
        assert_eq!(cells.texts(0), ["23"]);
    }
}
