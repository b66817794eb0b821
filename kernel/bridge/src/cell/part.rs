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
    kind::Kind,
    language::sql::{self, Author, PlannedStatement},
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

/// What a part has done.
pub struct Ran {
    /// Its actions for the frontend.
    pub payload: Vec<Value>,
    /// Whether the parts after it have nothing left to show.
    pub has_shown_all: bool,
}

impl Part<'_> {
    /// Runs the statement to its end.
    ///
    /// # Errors
    ///
    /// The statement fails, is interrupted, or is lost on its way to Spark or back.
    pub async fn run(&self, mut step: PlannedStatement) -> Result<Ran, CellError> {
        let otherwise = step.otherwise.take().map(|otherwise| *otherwise);
        let payload = match otherwise {
            otherwise if step.kind == Kind::Spark && step.author == Author::Internal => {
                return self.make_view(step, otherwise).await;
            }
            Some(livys) => self.run_in_python(step, livys).await,
            None => self.run_as_planned(step).await,
        };
        payload.map(|payload| Ran { payload, has_shown_all: false })
    }

    /// Makes a view of a value's rows, or has Livy itself show a value without rows.
    async fn make_view(
        &self,
        step: PlannedStatement,
        otherwise: Option<PlannedStatement>,
    ) -> Result<Ran, CellError> {
        let failure = match self.run_as_planned(step).await {
            Ok(payload) => return Ok(Ran { payload, has_shown_all: false }),
            Err(failure) => failure,
        };
        match otherwise.filter(|_| sql::has_no_rows(&failure)) {
            Some(livys) => {
                Ok(Ran { payload: self.run_as_planned(livys).await?, has_shown_all: true })
            }
            None => Err(sql::view_failure(failure)),
        }
    }

    async fn run_in_python(
        &self,
        step: PlannedStatement,
        livys: PlannedStatement,
    ) -> Result<Vec<Value>, CellError> {
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
