//! Sends a statement to Livy, once.

use livy_client::{Error, Fate, Statement, statement::NewStatement};

use crate::{
    agent::Agent,
    cell::{interrupt, recording::Recording, session_loss, statement_run::StatementRun},
    error::CellError,
    platform::task,
};

/// Posts the statement, once, and notes it in the journal. The post goes on after the cell has ended,
/// so that a statement which arrives after an interrupt is cancelled all the same.
///
/// # Errors
///
/// Livy refuses the statement, or it is not known whether Livy has it.
pub async fn submit(run: &StatementRun<'_>) -> Result<Statement, CellError> {
    let new = NewStatement { code: run.code.clone(), kind: kind(run) };
    let first_event = run.agent.as_ref().map(Agent::position);
    let recording = Recording::begin(run).await?;
    let (handle, interrupt) = (run.handle.clone(), run.asked.interrupt.clone());
    let post = task::run_detached("it sent the cell", async move {
        let result = handle.submit(&new, interrupt.clone()).await;
        recording.sent(&handle, &result);
        if let (Ok(statement), true) = (&result, interrupt.is_cancelled()) {
            handle.records().cancel(statement.id.as_str());
            interrupt::cancel(handle, statement.id.clone()).await;
        }
        result
    });
    match post.await {
        Ok(Ok(statement)) => {
            if let Some(entry) = run.journal_entry(&statement, first_event) {
                run.context.sessions.journal.begins(entry).await;
            }
            Ok(statement)
        }
        Ok(Err(error)) => Err(failure(run, error).await),
        Err(died) => Err(died.into()),
    }
}

/// The statement's kind, where it is not the session's own.
fn kind(run: &StatementRun<'_>) -> Option<String> {
    let of_session = run.handle.session.kind.as_deref().unwrap_or(run.context.kind.as_str());
    let kind = run.kind.as_str();
    (kind != of_session).then(|| kind.to_owned())
}

async fn failure(run: &StatementRun<'_>, error: Error) -> CellError {
    if run.asked.interrupt.is_cancelled() && error.fate() != Fate::Unknown {
        return CellError::not_run();
    }
    let sessions = &run.context.sessions;
    if let Some(failure) = session_loss::explain_loss(sessions, run.handle).await {
        return failure;
    }
    let next = match error.fate() {
        Fate::Unknown => {
            sessions.set_in_doubt(run.handle, true);
            "It is not known whether Livy runs the cell. Look at its effects before you run it again."
        }
        Fate::NeverArrived => {
            sessions.set_in_doubt(run.handle, true);
            "The cell did not run. Run it again when the server is back."
        }
        _ => "The cell did not run.",
    };
    CellError::new("LivyError", error.to_string(), next)
}
