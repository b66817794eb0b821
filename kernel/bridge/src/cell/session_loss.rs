//! A session that ends or misbehaves while a cell needs it: what the cell says, and what comes next.

use std::sync::Arc;

use livy_client::Id;

use crate::{
    cell::statement_run::StatementRun,
    display::sink::OutputSink,
    error::CellError,
    session::{
        Manager,
        diagnosis::{self, LivyFault},
        handle::SessionHandle,
        loss::{LOG_LINES_SHOWN, Liveness, Loss, alternates, probe},
    },
    settings::choices::OnLoss,
};

/// Warns before each cell if the session's answers may belong to other statements.
pub async fn warn_if_out_of_step(sink: &OutputSink, handle: &SessionHandle) {
    if handle.is_out_of_step() {
        sink.warn(out_of_step(&handle.session.id) + "\n").await;
    }
}

/// Asks whether the session has survived, if an earlier cell had trouble with the server, or if Spark on
/// this machine has ended.
pub async fn settle_doubt(sessions: &Arc<Manager>) {
    let Some(handle) = sessions.ready_session() else { return };
    if !handle.in_doubt && !handle.connection.is_gone().await {
        return;
    }
    match probe(&handle).await {
        Liveness::Gone(loss) => sessions.report_lost(&handle, &loss),
        Liveness::Alive => sessions.set_in_doubt(&handle, false),
        Liveness::Alternates | Liveness::Unknown => {}
    }
}

/// Lets a new session take the place of a lost one: with a warning, or, if the user wants to be asked
/// (`LIVY_ON_LOSS=ask`), when the cell is run again.
///
/// # Errors
///
/// The cell is not to run.
pub async fn replace_lost(
    sessions: &Manager,
    sink: &OutputSink,
    loss: &Loss,
) -> Result<(), CellError> {
    // The user would not see it.
    if sink.is_silent() {
        return Err(loss.failure(""));
    }
    sessions.acknowledge_loss();
    match sessions.options().on_loss {
        OnLoss::Restart => sink.warn(loss.warning()).await,
        OnLoss::Ask => return Err(loss.failure("Run the cell again to start a new session.")),
    }
    Ok(())
}

/// The cell's error, if its session has ended, or only some requests reach it.
pub async fn explain_loss(sessions: &Arc<Manager>, handle: &SessionHandle) -> Option<CellError> {
    match probe(handle).await {
        Liveness::Gone(loss) => Some(lost(sessions, handle, &loss)),
        Liveness::Alternates => {
            let next = "The cell did not run. Ask the administrator of the load balancer to send \
                 each client to one server (sticky sessions).";
            Some(CellError::new("LivyError", alternates(handle), next))
        }
        Liveness::Alive | Liveness::Unknown => None,
    }
}

/// The cell's error when the session has ended. The next cell may start another.
pub fn lost(sessions: &Arc<Manager>, handle: &SessionHandle, loss: &Loss) -> CellError {
    sessions.report_lost(handle, loss);
    if sessions.options().on_loss == OnLoss::Ask {
        return loss.failure("The next cell asks you whether to start a new session.");
    }
    sessions.acknowledge_loss();
    loss.failure("The next cell that you run starts a new session.")
}

/// The cell's error when a statement has failed. Some errors are not the code's: Livy answers with them
/// when it or the session has a fault.
pub async fn explain(run: &StatementRun<'_>, failure: CellError) -> CellError {
    let handle = run.handle;
    match diagnosis::livy_fault(&failure.ename, &failure.evalue) {
        None => failure,
        Some(LivyFault::TooLarge) => CellError::new(
            "OutputTooLarge",
            format!("the cell has run, but Livy cannot pass on what it gave: {}", failure.evalue),
            "Write it to a file or a table, or print less.",
        ),
        Some(LivyFault::OutOfStep) => {
            handle.mark_out_of_step();
            CellError::new(
                "OutOfStepError",
                "something other than Python has written to Livy's own pipe, as os.system does",
                &out_of_step(&handle.session.id),
            )
        }
        Some(LivyFault::Died) => match explain_loss(&run.context.sessions, handle).await {
            Some(loss) => {
                loss.with_lines(diagnosis::relevant_lines(&failure.traceback, LOG_LINES_SHOWN))
            }
            None => failure,
        },
    }
}

fn out_of_step(id: &Id) -> String {
    format!(
        "What cells show in session {id} may belong to earlier ones now, or be missing. They still \
         run: save what you need, and restart the kernel."
    )
}
