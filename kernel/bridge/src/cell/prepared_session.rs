//! The session that a cell runs in, once everything has run that comes before the cell.

use crate::{
    cell::{
        context::KernelContext, request::CellRequest, scala_output, session_loss, session_wait,
        startup,
    },
    display::sink::OutputSink,
    error::CellError,
    language::sql::PlannedStatement,
    session::handle::{InUse, SessionHandle},
};

/// Waits for the session, and prepares it for the cell's statements. Nobody takes it for idle while the guard
/// lives.
///
/// # Errors
///
/// There is no session, or the user interrupts.
pub async fn prepared(
    context: &KernelContext,
    asked: &CellRequest,
    sink: &OutputSink,
    steps: &[PlannedStatement],
) -> Result<(SessionHandle, InUse), CellError> {
    let handle = session_wait::wait_for_session(&context.sessions, sink, &asked.interrupt).await?;
    let in_use = handle.in_use();
    session_wait::show_recovery(sink, &handle).await;
    session_wait::wait_for_handlers(context, asked).await?;
    scala_output::prepare(context, asked, sink, &handle, steps).await?;
    startup::run_startup_code(context, asked, sink, &handle).await?;
    session_loss::warn_if_out_of_step(sink, &handle).await;
    Ok((handle, in_use))
}
