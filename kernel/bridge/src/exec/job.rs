//! What is to be run, as the command line names it.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use uuid::Uuid;

use crate::{
    exec::{
        notebook::Notebook,
        parameters::{self, Parameter},
    },
    kind::Kind,
    terminal::{cli::Exec, error::CommandError},
};

/// What is to be run, and where its outputs go.
pub struct Job {
    /// The cells.
    pub notebook: Notebook,
    /// The language of the kernel.
    pub kind: Kind,
    /// The notebook to write; without one, outputs are printed.
    pub output: Option<PathBuf>,
    /// Errors do not end the run.
    pub allow_errors: bool,
    /// Goes on where a run was that was killed.
    pub resumes: bool,
    /// The code was not written as cells.
    pub is_script: bool,
}

impl Job {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// It cannot be read or run, or the parameters make no sense.
    pub fn read(options: Exec) -> Result<Self, CommandError> {
        let Exec { file, kind, output, param, allow_errors, resume } = options;
        let text = read(&file).map_err(|error| unusable(&file, &error.to_string()))?;
        let is_script = !is_notebook(&file, kind);
        let (mut notebook, kind) = notebook_of(&file, &text, kind)?;
        let parameters: Result<Vec<_>, _> = param.iter().map(|one| parameter(one)).collect();
        inject(&mut notebook, kind, &parameters?)?;
        notebook.prepare(kind, || Uuid::new_v4().simple().to_string());
        Ok(Self { notebook, kind, output, allow_errors, resumes: resume, is_script })
    }
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    if file != "-" {
        return fs::read(file);
    }
    let mut text = Vec::new();
    io::stdin().read_to_end(&mut text)?;
    Ok(text)
}

fn unusable(file: &Path, why: &str) -> CommandError {
    let name = if file == "-" { "standard input".into() } else { file.display().to_string() };
    CommandError::Usage(format!("{name} cannot be run: {why}"))
}

/// What the file is shows in its name. From standard input, code comes with `--kind`, and otherwise a notebook.
fn is_notebook(file: &Path, asked: Option<Kind>) -> bool {
    extension(file) == "ipynb" || (file == "-" && asked.is_none())
}

fn extension(file: &Path) -> &str {
    file.extension().and_then(|extension| extension.to_str()).unwrap_or_default()
}

fn notebook_of(
    file: &Path,
    text: &[u8],
    asked: Option<Kind>,
) -> Result<(Notebook, Kind), CommandError> {
    if is_notebook(file, asked) {
        let notebook = Notebook::parse(text).map_err(|error| {
            let hint = if file == "-" { "; name the language of code with --kind" } else { "" };
            unusable(file, &format!("{error}{hint}"))
        })?;
        let kind = asked.or_else(|| notebook.kind());
        return kind.map(|kind| (notebook, kind)).ok_or_else(|| no_kind(file));
    }
    let kind = asked.or_else(|| kind_of_script(extension(file))).ok_or_else(|| no_kind(file))?;
    let code = str::from_utf8(text).map_err(|error| unusable(file, &error.to_string()))?;
    Ok((Notebook::of_code(code), kind))
}

fn no_kind(file: &Path) -> CommandError {
    unusable(file, "its language is not known; name it with --kind pyspark, spark, sparkr or sql")
}

fn kind_of_script(extension: &str) -> Option<Kind> {
    match extension {
        "py" => Some(Kind::Pyspark),
        "scala" => Some(Kind::Spark),
        "r" | "R" => Some(Kind::Sparkr),
        "sql" => Some(Kind::Sql),
        _ => None,
    }
}

fn parameter(text: &str) -> Result<Parameter, CommandError> {
    Parameter::parse(text).map_err(|why| CommandError::Usage(format!("--param {text}: {why}")))
}

fn inject(notebook: &mut Notebook, kind: Kind, given: &[Parameter]) -> Result<(), CommandError> {
    if kind == Kind::Sql && !given.is_empty() {
        let why = "SQL has no variables that --param could set. Use a Python notebook, whose %%sql cells read {name}.";
        return Err(CommandError::Usage(why.to_owned()));
    }
    parameters::inject(notebook, kind, given);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(file: &str, text: &str, asked: Option<Kind>) -> Result<Kind, String> {
        let read = notebook_of(Path::new(file), text.as_bytes(), asked);
        read.map(|(_, kind)| kind).map_err(|error| error.to_string())
    }

    #[test]
    fn a_files_language_shows_in_its_name_unless_it_is_asked_for() {
        for (file, expected) in [
            ("a/b.py", Kind::Pyspark),
            ("b.scala", Kind::Spark),
            ("b.R", Kind::Sparkr),
            ("b.sql", Kind::Sql),
        ] {
            assert_eq!(kind(file, "1", None), Ok(expected));
        }
        assert_eq!(kind("b.txt", "1", Some(Kind::Sql)), Ok(Kind::Sql));
        assert_eq!(kind("-", "1", Some(Kind::Spark)), Ok(Kind::Spark));
        assert!(kind("b.txt", "1", None).unwrap_err().contains("--kind pyspark"));
    }

    #[test]
    fn a_notebook_says_its_language_itself() {
        let notebook =
            r#"{"nbformat": 4, "cells": [], "metadata": {"kernelspec": {"name": "livy-sql"}}}"#;
        assert_eq!(kind("b.ipynb", notebook, None), Ok(Kind::Sql));
        assert_eq!(kind("-", notebook, None), Ok(Kind::Sql));
        assert_eq!(kind("b.ipynb", notebook, Some(Kind::Pyspark)), Ok(Kind::Pyspark));
        let why = kind("-", "select 1", None).unwrap_err();
        assert!(why.contains("standard input") && why.contains("with --kind"), "{why}");
    }
}
