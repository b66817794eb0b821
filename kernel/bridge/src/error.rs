//! What the user reads when a cell fails: what happened, why, and what to do next.

use jupyter_wire::content;

use crate::visible::visible;

/// Why a cell failed, in the form of Jupyter's
/// [`error`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#execution-errors) message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellError {
    /// The exception's class, such as `NameError`.
    pub ename: String,
    /// The exception's message.
    pub evalue: String,
    /// The lines that the frontend prints; none if the cell's own output has said it.
    pub traceback: Vec<String>,
}

impl CellError {
    /// An error of the kernel, of Livy or of the way to Spark rather than of the user's code: what
    /// happened and why, and what to do next. Any text in it may come from a server.
    pub fn new(ename: &str, what: impl Into<String>, next: &str) -> Self {
        let (ename, what) = (visible(ename), visible(&what.into()));
        let traceback = vec![format!("{ename}: {what}"), visible(next)];
        Self { ename, evalue: what, traceback }
    }

    /// The error of an interrupted cell. VS Code looks for Python's name of it, in any language.
    pub fn interrupted(note: &str) -> Self {
        let note = visible(note);
        Self {
            ename: "KeyboardInterrupt".to_owned(),
            traceback: vec![format!("KeyboardInterrupt: {note}")],
            evalue: note,
        }
    }

    /// A cell that was interrupted before there was anything to cancel.
    pub fn not_run() -> Self {
        Self::interrupted("the cell did not run")
    }

    /// Adds lines below the others, such as the end of a log.
    pub fn with_lines(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.traceback.extend(lines.into_iter().map(|line| visible(&line)));
        self
    }

    /// The `error` message for the frontend.
    pub fn message(&self) -> content::Error {
        content::Error {
            ename: self.ename.clone(),
            evalue: self.evalue.clone(),
            traceback: self.traceback.clone(),
        }
    }
}
