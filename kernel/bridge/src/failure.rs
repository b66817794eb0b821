//! What a person reads when a cell fails: what happened, why, and what to do next.

use jupyter_wire::content;

/// A failed cell, as `error` and `execute_reply` show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exception's name.
    pub ename: String,
    /// Its message.
    pub evalue: String,
    /// The lines that a frontend prints.
    pub traceback: Vec<String>,
}

impl Failure {
    /// A failure of the way to Spark rather than of the person's code: name, what happened and
    /// why, what to do next.
    pub fn new(ename: &str, what: impl Into<String>, next: &str) -> Self {
        let what = what.into();
        let traceback = vec![format!("{ename}: {what}"), next.to_owned()];
        Self { ename: ename.to_owned(), evalue: what, traceback }
    }

    /// A cell that was interrupted. The name is Python's because VS Code looks for it.
    pub fn interrupted(note: &str) -> Self {
        Self {
            ename: "KeyboardInterrupt".to_owned(),
            evalue: note.to_owned(),
            traceback: vec![format!("KeyboardInterrupt: {note}")],
        }
    }

    /// The same with lines below, say of a log.
    pub fn with_lines(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.traceback.extend(lines);
        self
    }

    /// The message for the frontend.
    pub fn message(&self) -> content::Error {
        content::Error {
            ename: self.ename.clone(),
            evalue: self.evalue.clone(),
            traceback: self.traceback.clone(),
        }
    }
}
