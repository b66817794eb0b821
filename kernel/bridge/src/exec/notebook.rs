//! Notebooks in [nbformat](https://nbformat.readthedocs.io/en/latest/format_description.html) 4. Pure.

use serde::Serialize;
use serde_json::{Map, Value, json, ser::PrettyFormatter};

use crate::kind::Kind;

/// The first minor version in which cells have ids.
const MINOR_WITH_IDS: u64 = 5;
/// How many letters of a random text make an id.
const ID_LETTERS: usize = 8;
/// The kernels of sparkmagic.
const SPARKMAGICS: [(&str, Kind); 3] = [
    ("pysparkkernel", Kind::Pyspark),
    ("sparkkernel", Kind::Spark),
    ("sparkrkernel", Kind::Sparkr),
];

/// A notebook. What it has beside the cells is kept as it is.
#[derive(Clone, Debug)]
pub struct Notebook {
    fields: Map<String, Value>,
    /// The cells, in order.
    pub cells: Vec<Cell>,
}

/// A cell of any type.
#[derive(Clone, Debug)]
pub struct Cell(pub Map<String, Value>);

/// Says why a text is no notebook that can be run.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotebookError {
    /// The text is not JSON, or other JSON.
    #[error("it is not a Jupyter notebook ({0})")]
    NotANotebook(String),
    /// The notebook has another format.
    #[error(
        "its format is nbformat {0}, and only nbformat 4 can be run: open it in JupyterLab and save it, or run \
         `jupyter nbconvert --to notebook --nbformat 4` on it"
    )]
    Version(String),
}

impl Notebook {
    /// Reads a notebook.
    ///
    /// # Errors
    ///
    /// The text is none, or of another version.
    pub fn parse(text: &[u8]) -> Result<Self, NotebookError> {
        let not = |why: &str| NotebookError::NotANotebook(why.to_owned());
        let value: Value = serde_json::from_slice(text).map_err(|error| not(&error.to_string()))?;
        let Value::Object(mut fields) = value else { return Err(not("it is no JSON object")) };
        match fields.get("nbformat").and_then(Value::as_u64) {
            Some(4) => {}
            Some(version) => return Err(NotebookError::Version(version.to_string())),
            None => return Err(not("it has no nbformat")),
        }
        let Some(Value::Array(cells)) = fields.remove("cells") else {
            return Err(not("it has no cells"));
        };
        let cells = cells.into_iter().map(|cell| match cell {
            Value::Object(cell) => Ok(Cell(cell)),
            _ => Err(not("a cell is no JSON object")),
        });
        Ok(Self { cells: cells.collect::<Result<_, _>>()?, fields })
    }

    /// A notebook of one cell.
    pub fn of_code(code: &str) -> Self {
        let fields = json!({"nbformat": 4, "nbformat_minor": MINOR_WITH_IDS, "metadata": {}});
        let Value::Object(fields) = fields else { unreachable!("an object was written above") };
        Self { fields, cells: vec![Cell::of_code(code, &[])] }
    }

    /// Takes away what an earlier run has left, and adds what one of this kernel has beside outputs. `id` gives random
    /// texts, for cells without ids.
    pub fn prepare(&mut self, kind: Kind, mut id: impl FnMut() -> String) {
        for cell in &mut self.cells {
            cell.forget_run();
            let has_id = cell.0.get("id").is_some_and(Value::is_string);
            if !has_id {
                let id: String = id().chars().take(ID_LETTERS).collect();
                cell.0.insert("id".to_owned(), id.into());
            }
        }
        let minor = self.fields.get("nbformat_minor").and_then(Value::as_u64).unwrap_or_default();
        self.fields.insert("nbformat_minor".to_owned(), minor.max(MINOR_WITH_IDS).into());
        let metadata = object(&mut self.fields, "metadata");
        metadata.entry("kernelspec").or_insert_with(|| kernelspec(kind));
        metadata.insert("language_info".to_owned(), json!(kind.language_info()));
        metadata.remove("widgets");
    }

    /// The state of the widgets of its cells.
    pub fn widgets(&self) -> &Value {
        &self.fields.get("metadata").unwrap_or(&Value::Null)["widgets"]
    }

    /// Sets the state of the widgets of its cells.
    pub fn set_widgets(&mut self, widgets: Value) {
        object(&mut self.fields, "metadata").insert("widgets".to_owned(), widgets);
    }

    /// The language that its metadata name, if a kernel of this program runs that.
    pub fn kind(&self) -> Option<Kind> {
        let metadata = self.fields.get("metadata")?;
        let name = metadata["kernelspec"]["name"].as_str().unwrap_or_default();
        let language = metadata["kernelspec"]["language"].as_str();
        kind_of_kernel(name)
            .or_else(|| kind_of_language(language?))
            .or_else(|| kind_of_language(metadata["language_info"]["name"].as_str()?))
    }

    /// Writes the notebook as Jupyter does: with sorted names, an indent of one, and texts as lists of lines.
    ///
    /// # Errors
    ///
    /// It cannot be written as JSON.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut fields = self.fields.clone();
        let cells = self.cells.iter().map(|cell| Value::Object(cell.clone().in_lines().0));
        fields.insert("cells".to_owned(), cells.collect());
        let mut text = Vec::new();
        let indent = PrettyFormatter::with_indent(b" ");
        fields.serialize(&mut serde_json::Serializer::with_formatter(&mut text, indent))?;
        text.push(b'\n');
        Ok(text)
    }
}

impl Cell {
    /// A code cell with these tags.
    pub fn of_code(code: &str, tags: &[&str]) -> Self {
        let metadata = if tags.is_empty() { json!({}) } else { json!({"tags": tags}) };
        let fields = [
            ("cell_type", "code".into()),
            ("execution_count", Value::Null),
            ("metadata", metadata),
            ("outputs", json!([])),
            ("source", code.into()),
        ];
        Self(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// Whether it is run: it has code, and no tag says to leave it out.
    pub fn is_runnable(&self) -> bool {
        self.is_code() && !self.source().trim().is_empty() && !self.has_tag("skip-execution")
    }

    /// Whether an error of it is expected.
    pub fn may_fail(&self) -> bool {
        self.has_tag("raises-exception")
    }

    /// Whether it has code.
    pub fn is_code(&self) -> bool {
        self.0.get("cell_type").is_some_and(|kind| kind == "code")
    }

    /// Its text.
    pub fn source(&self) -> String {
        self.0.get("source").map(joined).unwrap_or_default()
    }

    /// Whether it has a tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        let tags = self.0.get("metadata").and_then(|metadata| metadata["tags"].as_array());
        tags.is_some_and(|tags| tags.iter().any(|other| other == tag))
    }

    /// Its outputs.
    pub fn outputs(&self) -> &[Value] {
        self.0.get("outputs").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Its outputs, to be changed.
    pub fn outputs_mut(&mut self) -> &mut Vec<Value> {
        let outputs = self.0.entry("outputs").or_insert_with(|| json!([]));
        if !outputs.is_array() {
            *outputs = json!([]);
        }
        let Value::Array(outputs) = outputs else { unreachable!("it was made an array above") };
        outputs
    }

    /// Its number, if it was run.
    pub fn execution_count(&self) -> Option<u64> {
        self.0.get("execution_count").and_then(Value::as_u64)
    }

    /// Sets its number.
    pub fn set_execution_count(&mut self, count: &Value) {
        self.0.insert("execution_count".to_owned(), count.clone());
    }

    /// When something of its run happened, if it did.
    pub fn time_of(&self, event: &str) -> Option<&str> {
        self.0.get("metadata")?["execution"][event].as_str()
    }

    /// Notes when something of its run happened, as nbclient does.
    pub fn note_time(&mut self, event: &str, date: &str) {
        let times = object(object(&mut self.0, "metadata"), "execution");
        times.insert(event.to_owned(), date.into());
    }

    fn forget_run(&mut self) {
        if self.is_code() {
            self.outputs_mut().clear();
            self.set_execution_count(&Value::Null);
            object(&mut self.0, "metadata").remove("execution");
        }
    }

    fn in_lines(mut self) -> Self {
        if let Some(source) = self.0.get_mut("source") {
            split(source);
        }
        if self.is_code() {
            self.outputs_mut().iter_mut().for_each(split_output);
        }
        self
    }
}

/// The object of this name, which is made if there is none.
fn object<'a>(fields: &'a mut Map<String, Value>, name: &str) -> &'a mut Map<String, Value> {
    let value = fields.entry(name).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    let Value::Object(object) = value else { unreachable!("it was made an object above") };
    object
}

/// The text that a string, or a list of lines, stands for.
fn joined(text: &Value) -> String {
    match text {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        text => text.as_str().unwrap_or_default().to_owned(),
    }
}

fn split(text: &mut Value) {
    if let Value::String(whole) = text {
        *text = whole.split_inclusive('\n').collect();
    }
}

fn split_output(output: &mut Value) {
    if let Some(text) = output.get_mut("text") {
        split(text);
    }
    if let Some(Value::Object(data)) = output.get_mut("data") {
        let texts = data.iter_mut().filter(|(mime, _)| *mime != "application/json");
        texts.for_each(|(_, text)| split(text));
    }
}

fn kernelspec(kind: Kind) -> Value {
    let name = format!("livy-{}", kind.as_str());
    let language = kind.language_info().name;
    json!({"display_name": name, "language": language, "name": name})
}

/// Kernels that are installed for a profile have its name behind their own. Notebooks of sparkmagic run, too.
fn kind_of_kernel(name: &str) -> Option<Kind> {
    if let Some((_, kind)) = SPARKMAGICS.iter().find(|(known, _)| *known == name) {
        return Some(*kind);
    }
    let name = name.strip_prefix("livy-")?;
    let kind = name.split('-').next()?;
    Kind::ALL.into_iter().find(|one| one.as_str() == kind)
}

fn kind_of_language(language: &str) -> Option<Kind> {
    let is = |kind: &Kind| kind.language_info().name.eq_ignore_ascii_case(language);
    Kind::ALL.into_iter().find(is)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn notebook(text: Value) -> Notebook {
        Notebook::parse(text.to_string().as_bytes()).unwrap()
    }

    fn with_metadata(metadata: Value) -> Notebook {
        notebook(json!({"nbformat": 4, "nbformat_minor": 2, "metadata": metadata, "cells": []}))
    }

    #[test]
    fn a_notebook_is_written_as_jupyter_writes_it() {
        let mut notebook = Notebook::of_code("a\nb");
        notebook.prepare(Kind::Sql, || "0123456789".to_owned());
        let result = json!({"output_type": "execute_result", "execution_count": 1, "metadata": {},
            "data": {"text/plain": "é\nx", "application/json": "as\nit is"}});
        notebook.cells[0].outputs_mut().push(result);
        notebook.fields.insert("metadata".to_owned(), json!({}));
        assert_snapshot!(String::from_utf8(notebook.to_json().unwrap()).unwrap(), @r#"
        {
         "cells": [
          {
           "cell_type": "code",
           "execution_count": null,
           "id": "01234567",
           "metadata": {},
           "outputs": [
            {
             "data": {
              "application/json": "as\nit is",
              "text/plain": [
               "é\n",
               "x"
              ]
             },
             "execution_count": 1,
             "metadata": {},
             "output_type": "execute_result"
            }
           ],
           "source": [
            "a\n",
            "b"
           ]
          }
         ],
         "metadata": {},
         "nbformat": 4,
         "nbformat_minor": 5
        }
        "#);
    }

    #[test]
    fn what_an_earlier_run_has_left_is_gone_and_all_else_stays() {
        let mut notebook = notebook(json!({"nbformat": 4, "nbformat_minor": 4, "mine": 1,
            "metadata": {"kernelspec": {"name": "livy-spark"}, "widgets": {}}, "cells": [
                {"cell_type": "markdown", "source": "x", "metadata": {"a": 1}},
                {"cell_type": "code", "source": ["a\n", "b"], "execution_count": 7, "id": "kept",
                 "metadata": {"execution": {"shell.execute_reply": "x"}, "tags": ["t"]},
                 "outputs": [{"output_type": "stream"}]}]}));
        notebook.prepare(Kind::Spark, || "new".to_owned());
        let Notebook { fields, cells } = notebook;
        assert_eq!((&fields["mine"], &fields["nbformat_minor"]), (&json!(1), &json!(5)));
        assert_eq!(fields["metadata"]["kernelspec"]["name"], "livy-spark");
        assert_eq!(fields["metadata"]["language_info"]["name"], "scala");
        assert_eq!(fields["metadata"]["widgets"], Value::Null);
        assert_eq!((&cells[0].0["id"], &cells[0].0["metadata"]), (&json!("new"), &json!({"a": 1})));
        assert_eq!(cells[1].source(), "a\nb");
        assert_eq!((&cells[1].0["id"], cells[1].execution_count()), (&json!("kept"), None));
        assert_eq!((cells[1].outputs(), cells[1].time_of("shell.execute_reply")), (&[][..], None));
        assert!(cells[1].has_tag("t") && !cells[1].has_tag("u"));
    }

    #[test]
    fn the_kernel_is_chosen_by_its_name_or_by_the_language() {
        for (metadata, kind) in [
            (json!({"kernelspec": {"name": "livy-sql", "language": "python"}}), Some(Kind::Sql)),
            (json!({"kernelspec": {"name": "livy-sparkr-prod"}}), Some(Kind::Sparkr)),
            (
                json!({"kernelspec": {"name": "sparkkernel", "language": "scala"}}),
                Some(Kind::Spark),
            ),
            (json!({"kernelspec": {"name": "pysparkkernel", "language": ""}}), Some(Kind::Pyspark)),
            (json!({"language_info": {"name": "python"}}), Some(Kind::Pyspark)),
            (json!({"kernelspec": {"name": "julia-1", "language": "julia"}}), None),
            (json!({}), None),
        ] {
            assert_eq!(with_metadata(metadata.clone()).kind(), kind, "{metadata}");
        }
    }

    #[test]
    fn what_is_no_notebook_says_why() {
        let why = |text: &str| Notebook::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(why("print(1)").contains("not a Jupyter notebook"));
        assert!(why("{}").contains("no nbformat"));
        assert!(why(r#"{"nbformat": 4, "cells": [1]}"#).contains("a cell is no JSON object"));
        assert!(why(r#"{"nbformat": 3, "worksheets": []}"#).contains("nbformat 3"));
    }

    #[test]
    fn cells_without_code_and_skipped_ones_are_not_run() {
        assert!(Cell::of_code("1", &["parameters"]).is_runnable());
        assert!(!Cell::of_code(" \n", &[]).is_runnable());
        assert!(!Cell::of_code("1", &["skip-execution"]).is_runnable());
        assert!(!Cell(Map::from_iter([("source".to_owned(), "1".into())])).is_runnable());
    }
}
