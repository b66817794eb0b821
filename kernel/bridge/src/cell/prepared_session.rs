//! The session that a cell runs in, once everything has run that comes before the cell.

use crate::{
    agent::Agent,
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

/// Returns the session's agent, which a cell cannot do without that carries something.
///
/// # Errors
///
/// The session has none, or the user interrupts.
pub async fn agent_of(asked: &CellRequest, handle: &SessionHandle) -> Result<Agent, CellError> {
    let agent = asked.interrupt.run_until_cancelled(handle.requested_agent()).await;
    agent.ok_or_else(CellError::not_run)?.ok_or_else(|| {
        CellError::new(
            "TransferError",
            "this machine and the session exchange files by the agent, which this session does not have",
            "%info says why.",
        )
    })
}
