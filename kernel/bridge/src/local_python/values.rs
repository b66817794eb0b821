//! Variables of the local Python that come from a file or go to one.

use std::{io, path::Path};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use crate::{
    error::CellError,
    language::python_literal::literal,
    local_python::{LocalCell, LocalPython},
    platform::private_file,
};

/// The module that reads and writes the files, which the session's Python has, too.
const VALUE_FILES: &str = include_str!("../agent/python/value_files.py");
const VARIABLES: &str = include_str!("variables.py");

/// What the local Python answers.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum LocalAnswer<T> {
    /// Why it cannot be done, and what to do.
    Refused { refused: String },
    /// It is done.
    Done(T),
}

/// What a variable has become.
#[derive(Debug, Deserialize)]
pub struct LocalValue {
    /// Its type, and its size if it is a table.
    #[serde(rename = "type")]
    pub type_name: String,
}

impl LocalPython {
    /// Makes a variable of a file, which its description tells how to read.
    ///
    /// # Errors
    ///
    /// There is no Python to do it, it ends meanwhile, or the user interrupts.
    pub async fn read_variable(
        &self,
        cell: LocalCell<'_>,
        name: &str,
        file: &Path,
        description: &Map<String, Value>,
    ) -> Result<LocalAnswer<LocalValue>, CellError> {
        let request = json!({"call": "read", "name": name, "path": file, "described": description});
        self.ask(cell, file, request).await
    }

    /// Writes a variable to a new file; returns what is needed to read it.
    ///
    /// # Errors
    ///
    /// There is no Python to do it, it ends meanwhile, or the user interrupts.
    pub async fn write_variable(
        &self,
        cell: LocalCell<'_>,
        file: &Path,
        mut request: Value,
    ) -> Result<LocalAnswer<Map<String, Value>>, CellError> {
        request["call"] = json!("write");
        request["path"] = json!(file);
        self.ask(cell, file, request).await
    }

    /// Runs a cell that answers in a file beside this one.
    async fn ask<T: DeserializeOwned>(
        &self,
        cell: LocalCell<'_>,
        file: &Path,
        mut request: Value,
    ) -> Result<T, CellError> {
        let answer = file.with_file_name("answer.json");
        request["answer"] = json!(answer);
        let (files, variables) = (literal(VALUE_FILES), literal(VARIABLES));
        let request = literal(&request.to_string());
        let code = format!(
            "(lambda space: (exec({files}, space), exec({variables}, space), space['answer']({request})))({{}});"
        );
        // It says so if it has to be started again; what runs then is not the user's.
        let started = cell.interrupt.run_until_cancelled(self.started(cell.sink)).await;
        started.ok_or_else(CellError::not_run)??;
        let muted = cell.sink.muted();
        self.run(LocalCell { code: &code, sink: &muted, ..cell }).await?;
        let text = private_file::read(&answer).map_err(failed)?;
        serde_json::from_slice(&text).map_err(|error| failed(error.into()))
    }
}

fn failed(error: io::Error) -> CellError {
    CellError::new(
        "LocalPythonError",
        format!("the Python of this machine has not said what became of the variable: {error}"),
        "Run the cell again.",
    )
}
