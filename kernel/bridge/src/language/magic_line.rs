//! Parses the line of a magic: its name and its options.

use clap::{Parser, error::ErrorKind};

use crate::{error::CellError, platform::command_line};

/// What the line of a magic asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum MagicRequest<T> {
    /// To run the magic with these options.
    Run(T),
    /// To show this help (`--help`).
    Help(String),
}

impl<T> MagicRequest<T> {
    /// The same request for what these options mean.
    pub fn map<U>(self, meaning: impl FnOnce(T) -> U) -> MagicRequest<U> {
        match self {
            Self::Run(options) => MagicRequest::Run(meaning(options)),
            Self::Help(help) => MagicRequest::Help(help),
        }
    }
}

/// Parses a line. The magic's name may be in any case.
///
/// # Errors
/// The line is wrong; the error says how to write it.
pub fn parse<T: Parser>(line: &str) -> Result<MagicRequest<T>, CellError> {
    let mut words = command_line::split(line).map_err(|why| {
        CellError::new(
            "UsageError",
            format!("the magic's line {why}"),
            "Close it, then run the cell again.",
        )
    })?;
    if let Some(name) = words.first_mut() {
        name.make_ascii_lowercase();
    }
    match T::try_parse_from(words) {
        Ok(asked) => Ok(MagicRequest::Run(asked)),
        Err(error) if error.kind() == ErrorKind::DisplayHelp => {
            Ok(MagicRequest::Help(error.to_string().trim_end().to_owned()))
        }
        Err(error) => Err(usage_error(&error)),
    }
}

fn usage_error(error: &clap::Error) -> CellError {
    let traceback: Vec<String> = error.to_string().trim_end().lines().map(str::to_owned).collect();
    let evalue = traceback.first().cloned().unwrap_or_default();
    CellError { ename: "UsageError".to_owned(), evalue, traceback }
}
