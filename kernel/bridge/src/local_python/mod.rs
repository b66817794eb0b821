//! `%%local`: a Python of this machine runs the cell, in an IPython kernel that the first such cell starts. This
//! kernel is its client.

mod cell;
mod comm_request;
mod comms;
mod listeners;
mod names;
mod process;
mod python;
mod values;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jupyter_wire::{
    Request,
    content::{CompleteReply, InspectReply},
};
use serde_json::Value;

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
    process: Arc<Mutex<Option<Arc<Process>>>>,
    /// Held while it starts, so that there is one only.
    start: Arc<tokio::sync::Mutex<()>>,
}

impl LocalPython {
    /// Runs no Python yet. `asked` is the one that the user's settings name.
    pub fn new(asked: Option<PathBuf>) -> Self {
        Self { asked, process: Arc::default(), start: Arc::default() }
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
            self.process().take();
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

    /// Whether it has comms with the notebook, such as widgets.
    pub fn has_comms(&self) -> bool {
        self.running().is_some_and(|process| process.listeners.comms.are_used())
    }

    /// Whether it has this one.
    pub fn has_comm(&self, id: &str) -> bool {
        self.running().is_some_and(|process| process.listeners.comms.has(id))
    }

    /// Its comms: their ids and the names of their targets.
    pub fn comms(&self) -> BTreeMap<String, String> {
        self.running().map(|process| process.listeners.comms.list()).unwrap_or_default()
    }

    /// Passes on what a frontend says to one of its comms. What its handler gives goes to the sink.
    pub fn pass_on(&self, request: &Request, sink: OutputSink) {
        if let Some(process) = self.running() {
            comm_request::pass_on(&process, request, sink);
        }
    }

    /// Ends it, if it runs.
    pub async fn end(&self) {
        let process = self.process().take();
        if let Some(process) = process {
            process.end().await;
        }
    }

    async fn started(&self, sink: &OutputSink) -> Result<Arc<Process>, CellError> {
        let _alone = self.start.lock().await;
        if let Some(running) = self.running() {
            return Ok(running);
        }
        if self.process().is_some() {
            sink.warn(ENDED.to_owned()).await;
        }
        let python = python::with(&python::IPYKERNEL, self.asked.as_deref()).await?;
        let started = Arc::new(Process::start(&python).await?);
        Ok(Arc::clone(self.process().insert(started)))
    }

    fn running(&self) -> Option<Arc<Process>> {
        self.process().clone().filter(|running| !running.has_ended())
    }

    fn process(&self) -> MutexGuard<'_, Option<Arc<Process>>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
