//! The way of a variable: statements that the user does not see, a file that is carried, and the Python of this machine.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    agent::{Agent, value_calls::ValueAnswer},
    cell::{context::KernelContext, hidden, prepared_session::agent_of, request::CellRequest},
    display::sink::OutputSink,
    error::CellError,
    kind::Kind,
    language::sql::PlannedStatement,
    local_python::LocalCell,
    platform::task,
    session::handle::SessionHandle,
    transfer::{Meter, TransferError},
};

/// What it takes to pass a variable on.
pub struct Way<'a> {
    pub context: &'a KernelContext,
    pub asked: &'a CellRequest,
    pub sink: &'a OutputSink,
    pub handle: &'a SessionHandle,
    pub agent: Agent,
}

impl<'a> Way<'a> {
    /// Opens the way.
    ///
    /// # Errors
    ///
    /// The session has no agent, or the user interrupts.
    pub async fn open(
        context: &'a KernelContext,
        asked: &'a CellRequest,
        sink: &'a OutputSink,
        handle: &'a SessionHandle,
    ) -> Result<Self, CellError> {
        let agent = agent_of(asked, handle).await?;
        Ok(Self { context, asked, sink, handle, agent })
    }

    /// Runs a statement of the session's Python that answers by `%json`, and shows its progress.
    pub async fn ask<T: DeserializeOwned>(&self, name: &str, code: String) -> Result<T, CellError> {
        let answer = self.run(PlannedStatement::internal(Kind::Pyspark, code)).await?;
        match serde_json::from_value(answer).map_err(|error| unreadable(&error))? {
            ValueAnswer::Refused { refused } => Err(refusal(name, &refused)),
            ValueAnswer::Done(done) => Ok(done),
        }
    }

    /// Runs a statement that the user does not see, and shows its progress.
    pub async fn run(&self, step: PlannedStatement) -> Result<Value, CellError> {
        let asked = self.asked.internal(step.code.clone());
        hidden::json(self.context, &asked, self.sink, self.handle, step).await
    }

    /// Carries a file, while a bar shows how far it is.
    pub async fn carry<T>(
        &self,
        name: &str,
        meter: &Meter,
        carrying: impl Future<Output = Result<T, TransferError>>,
    ) -> Result<T, CellError> {
        let panel = self.sink.panel().unless_never(self.context.progress);
        let carried =
            meter.show_during(panel, &self.asked.interrupt, &self.handle.records(), carrying).await;
        carried.ok_or_else(not_passed)?.map_err(|error| not_carried(name, &error))
    }

    /// What the Python of this machine is given; the code is the callee's.
    pub fn local_cell(&self) -> LocalCell<'_> {
        LocalCell { code: "", sink: self.sink, questions: None, interrupt: &self.asked.interrupt }
    }

    /// A file of the driver that is removed in the end, whatever happens.
    pub fn file_of_driver(&self, path: String) -> FileOfDriver {
        FileOfDriver { agent: self.agent.clone(), path }
    }
}

/// A file of the driver that is removed when this is dropped.
pub struct FileOfDriver {
    agent: Agent,
    pub path: String,
}

impl Drop for FileOfDriver {
    fn drop(&mut self) {
        let (agent, path) = (self.agent.clone(), std::mem::take(&mut self.path));
        task::spawn_detached("it removed a file of the driver", async move {
            if let Err(error) = agent.remove_value_folder(&path).await {
                tracing::debug!("a file of the driver stays until the session ends: {error}");
            }
        });
    }
}

/// The error of a variable that cannot be passed on. The reason's first sentence says why, the others what to do.
pub fn refusal(name: &str, why: &str) -> CellError {
    let (why, next) = why.split_once(". ").unwrap_or((why, "%help says what can be passed on."));
    CellError::new("TransferError", format!("{name} was not passed on: {why}"), next)
}

/// The error of a variable that has got lost on its way.
pub fn not_carried(name: &str, error: &impl std::fmt::Display) -> CellError {
    CellError::new(
        "TransferError",
        format!("{name} was not passed on: {error}"),
        "Run the cell again.",
    )
}

/// The error of an interrupt while a file is carried.
pub fn not_passed() -> CellError {
    CellError::interrupted("the variable was not passed on")
}

fn unreadable(error: &serde_json::Error) -> CellError {
    CellError::new(
        "TransferError",
        format!("the session's answer is not what was expected: {error}"),
        "Run the cell again.",
    )
}
