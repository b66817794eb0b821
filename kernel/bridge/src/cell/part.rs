//! One of the statements that a cell consists of. The session's Python answers queries; where it is
//! missing, Livy's own SQL does.

use serde_json::Value;

use crate::{
    cell::{
        context::KernelContext, request::CellRequest, scala_stack, statement,
        statement_run::StatementRun,
    },
    display::sink::OutputSink,
    error::CellError,
    language::sql::PlannedStatement,
    output::NO_INTERPRETER,
    session::handle::SessionHandle,
};

const NO_PYTHON: &str = "This session cannot start Python, so Livy's own SQL answers, with values that may be less exact.\n";
/// Not known is whether the query has run before.
const PYTHON_ENDED: &str = "The session's Python, which runs queries, has ended. If you run the query again, Livy's own SQL \
     answers, with values that may be less exact.";

/// Livy's words for a Python that has ended, and the kernel's for a session that has ended with it.
const ENDED: [&str; 2] = ["Interpreter died", "its Python has ended"];

/// A statement's place in its cell.
pub struct Part<'a> {
    /// The kernel that runs it.
    pub context: &'a KernelContext,
    /// The request that it is a part of.
    pub asked: &'a CellRequest,
    /// The session that runs it.
    pub handle: &'a SessionHandle,
    /// Where its outputs go.
    pub sink: &'a OutputSink,
    /// How many statements of the cell come after it.
    pub statements_left: usize,
}

impl Part<'_> {
    /// Runs the statement to its end. Returns its actions for the frontend.
    ///
    /// # Errors
    ///
    /// The statement fails, is interrupted, or is lost on its way to Spark or back.
    pub async fn run(&self, step: PlannedStatement) -> Result<Vec<Value>, CellError> {
        let Some(livys) = step.without_python() else { return self.run_as_planned(step).await };
        if !self.handle.may_use_python() {
            return self.run_as_planned(livys).await;
        }
        match self.run_as_planned(step).await {
            Err(failure) if failure.evalue.starts_with(NO_INTERPRETER) => {
                // It has not run.
                self.handle.mark_without_python();
                self.sink.warn(NO_PYTHON.to_owned()).await;
                self.run_as_planned(livys).await
            }
            Err(failure) if has_ended_python(&failure) => {
                // It may have run.
                self.handle.mark_without_python();
                Err(failure.with_lines([PYTHON_ENDED.to_owned()]))
            }
            result => result,
        }
    }

    async fn run_as_planned(&self, step: PlannedStatement) -> Result<Vec<Value>, CellError> {
        let Self { context, asked, handle, .. } = *self;
        let mut run = StatementRun::new(context, asked, handle, self.sink.clone(), step).await?;
        run.statements_left = self.statements_left;
        match statement::run(&run).await {
            Err(failure) => Err(scala_stack::with_cell_lines(&run, failure).await),
            result => result,
        }
    }
}

fn has_ended_python(failure: &CellError) -> bool {
    let lines = std::iter::once(&failure.evalue).chain(&failure.traceback);
    lines.into_iter().any(|line| ENDED.iter().any(|words| line.contains(words)))
}
