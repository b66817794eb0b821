//! Gives an exception of Scala the lines of the cell where it was thrown.

use std::time::Duration;

use tokio::time::timeout;

use crate::{
    cell::{hidden, statement_run::StatementRun},
    error::CellError,
    kind::Kind,
    language::{
        scala::{
            self,
            stack::{self, Stack},
        },
        sql::PlannedStatement,
    },
};

/// How long an error waits for the lines: somebody else's statement may run first.
const LIMIT: Duration = Duration::from_secs(5);

/// The error with the lines of the cell, as far as they can be known.
pub async fn with_cell_lines(run: &StatementRun<'_>, failure: CellError) -> CellError {
    let is_users = run.kind == Kind::Spark && !run.sink.is_silent();
    if !is_users || run.asked.interrupt.is_cancelled() || !is_exception(&failure) {
        return failure;
    }
    let step = PlannedStatement::internal(Kind::Spark, stack::QUESTION.to_owned());
    let asked = run.asked.internal(step.code.clone());
    let asking = hidden::run(run.context, &asked, &run.sink, run.handle, step);
    // On the heap, since it is a statement within a statement.
    match timeout(LIMIT, Box::pin(asking)).await {
        Ok(Ok(answer)) => {
            let lines = Stack::parse(&answer).in_cell_lines(failure.traceback, &run.asked.code);
            CellError { traceback: lines, ..failure }
        }
        Ok(Err(_)) | Err(_) => failure,
    }
}

fn is_exception(failure: &CellError) -> bool {
    failure.ename == "Error"
        && failure.traceback.iter().any(|line| stack::is_of_an_exception(line))
        && !scala::is_not_compiled(&failure.traceback.join("\n"))
}
