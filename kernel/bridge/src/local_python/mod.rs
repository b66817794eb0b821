//! `%%local`: a Python of this machine runs the cell, in an IPython kernel that the first such cell starts. This
//! kernel is its client.

mod cell;
mod listeners;
mod names;
mod process;
mod python;
mod values;

use std::{path::PathBuf, sync::Arc};

use jupyter_wire::content::{CompleteReply, InspectReply};
use serde_json::Value;
use tokio::sync::Mutex;

pub use cell::LocalCell;
pub use values::LocalAnswer;

use crate::{
    display::sink::OutputSink, error::CellError, language::cursor::Cursor,
    local_python::process::Process,
};

const ENDED: &str = "The Python of this machine that ran the earlier %%local cells has ended; this cell begins without their variables.\n";

/// The Python beside the notebook, if a cell has needed it.
#[derive(Clone)]
pub struct LocalPython {
    asked: Option<PathBuf>,
    /// Held while it starts, so that there is one only.
    process: Arc<Mutex<Option<Arc<Process>>>>,
}

impl LocalPython {
    /// Runs no Python yet. `asked` is the one that the user's settings name.
    pub fn new(asked: Option<PathBuf>) -> Self {
        Self { asked, process: Arc::default() }
    }

    /// Runs a cell, and returns its actions for the frontend.
    ///
    /// # Errors
    ///
    /// The cell's own error, or why no Python runs it.
    pub async fn run(&self, cell: LocalCell<'_>) -> Result<Vec<Value>, CellError> {
        let started = cell.interrupt.run_until_cancelled(self.started(cell.sink)).await;
        let process = started.ok_or_else(CellError::not_run)??;
        let result = cell::run(&process, cell).await;
        if process.has_ended() {
            // This cell has said so.
            *self.process.lock().await = None;
        }
        result
    }

    /// Completes code by the names that its cells have made; `None` if it does not run.
    pub async fn complete(&self, code: &str, at: &Cursor<'_>) -> Option<CompleteReply> {
        names::complete(&*self.running()?, code, at).await
    }

    /// Inspects a name; `None` if it does not run, or knows none.
    pub async fn inspect(&self, code: &str, at: &Cursor<'_>, detail: i64) -> Option<InspectReply> {
        names::inspect(&*self.running()?, code, at, detail).await
    }

    /// Returns the Python of this machine that has pip.
    ///
    /// # Errors
    ///
    /// None has it.
    pub async fn python_with_pip(&self) -> Result<PathBuf, CellError> {
        python::with(&python::PIP, self.asked.as_deref()).await
    }

    /// Ends it, if it runs.
    pub async fn end(&self) {
        if let Some(process) = self.process.lock().await.take() {
            process.end().await;
        }
    }

    async fn started(&self, sink: &OutputSink) -> Result<Arc<Process>, CellError> {
        let mut process = self.process.lock().await;
        match process.as_ref() {
            Some(running) if !running.has_ended() => return Ok(Arc::clone(running)),
            Some(_) => sink.warn(ENDED.to_owned()).await,
            None => {}
        }
        let python = python::with(&python::IPYKERNEL, self.asked.as_deref()).await?;
        let started = Arc::new(Process::start(&python).await?);
        Ok(Arc::clone(process.insert(started)))
    }

    fn running(&self) -> Option<Arc<Process>> {
        self.process.try_lock().ok()?.clone().filter(|running| !running.has_ended())
    }
}
