//! Has what Java prints in Scala cells shown there.

use crate::{
    cell::{context::KernelContext, hidden, request::CellRequest},
    display::sink::OutputSink,
    error::CellError,
    kind::Kind,
    language::{
        scala::system_out,
        sql::{Author, PlannedStatement},
    },
    session::handle::SessionHandle,
};

/// Prepares the session, if this is the first time that it is to run the user's Scala. If that fails, only
/// Java's prints are missing.
///
/// # Errors
///
/// The user interrupts.
pub async fn prepare(
    context: &KernelContext,
    asked: &CellRequest,
    sink: &OutputSink,
    handle: &SessionHandle,
    steps: &[PlannedStatement],
) -> Result<(), CellError> {
    let is_users =
        |step: &PlannedStatement| (step.kind, step.author) == (Kind::Spark, Author::User);
    if !steps.iter().any(is_users) || !handle.take_without_scala() {
        return Ok(());
    }
    let step = PlannedStatement::internal(Kind::Spark, system_out::COPY_TO_THE_CELL.to_owned());
    let asked = asked.internal(step.code.clone());
    if let Err(why) = hidden::run(context, &asked, sink, handle, step).await {
        tracing::debug!("what Java prints is not shown: {why}");
    }
    match asked.interrupt.is_cancelled() {
        true => Err(CellError::not_run()),
        false => Ok(()),
    }
}
