//! What an interrupt does, and every limit on the time that it takes.
//!
//! | limit | what it limits |
//! |---|---|
//! | [`REPLY_LIMIT`] | how long a cell that was interrupted waits for its statement to end |
//! | [`ON_DEMAND_REPLY_LIMIT`] | the same for Scala and R, where the agent may have to be installed first |
//! | [`ATTEMPTS`] × [`RETRY_DELAY`] | how long an interrupt is sent again while Livy does not take it |

use std::{fmt::Display, time::Duration};

use livy_client::{Error, Id, StatementState, statement};
use tokio::time::sleep;

use crate::{
    agent::AgentError,
    cell::statement_run::StatementRun,
    error::CellError,
    kind::Kind,
    language::agent_need::{AgentNeed, AgentUse},
    platform::task,
    session::handle::SessionHandle,
};

/// How long an interrupted cell waits for its statement to end; after that the cell ends by itself,
/// and says that the statement may go on.
const REPLY_LIMIT: Duration = Duration::from_secs(2);
/// The same where an agent may have to be installed to stop the statement: Livy may have to start Python for it.
const ON_DEMAND_REPLY_LIMIT: Duration = Duration::from_secs(8);
/// How long after one attempt comes the next.
const RETRY_DELAY: Duration = Duration::from_millis(200);
/// How often an interrupt is sent while the network or Livy fails.
const ATTEMPTS: u32 = 50;

/// Returns the cell's error once the user has interrupted it and the statement has not ended in time.
pub async fn gave_up(run: &StatementRun<'_>) -> CellError {
    run.asked.interrupt.cancelled().await;
    let need = run.handle.agent_need(AgentUse::Interrupt, run.kind);
    sleep(if need == AgentNeed::OnDemand { ON_DEMAND_REPLY_LIMIT } else { REPLY_LIMIT }).await;
    CellError::interrupted(&format!(
        "Livy has not stopped the cell yet. It may run on in session {}, and the next cell waits for it; restarting \
         the kernel ends the session.",
        run.handle.session.id
    ))
}

/// Stops a statement in the background: its Spark jobs through Livy, its code through the agent.
pub fn stop(handle: &SessionHandle, statement: &Id, kind: Kind) {
    task::spawn_detached("it cancelled a statement", cancel(handle.clone(), statement.clone()));
    let interrupt = interrupt_code(handle.clone(), statement.clone(), kind);
    task::spawn_detached("it interrupted a statement", interrupt);
}

/// Asks Livy for a statement's end; polling sees that it has come. To cancel twice does no harm.
pub async fn cancel(handle: SessionHandle, statement: Id) {
    let ask = || handle.client.send(statement::cancel(&handle.session.id, &statement));
    retry("cancelled", &statement, Error::is_temporary, ask).await;
}

/// Raises `KeyboardInterrupt` in Python, stops Scala's thread, or sends R a signal.
async fn interrupt_code(handle: SessionHandle, statement: Id, kind: Kind) {
    let agent = match handle.agent_need(AgentUse::Interrupt, kind) {
        AgentNeed::Never => None,
        AgentNeed::OnDemand => handle.requested_agent().await,
        AgentNeed::IfPresent | AgentNeed::Required | AgentNeed::AtSessionStart => {
            handle.agent().await
        }
    };
    let Some(agent) = agent else { return };
    if kind == Kind::Sparkr && !runs(&handle, &statement).await {
        return;
    }
    let ask = || agent.interrupt(&statement, kind);
    retry("interrupted", &statement, AgentError::is_temporary, ask).await;
}

/// Whether the statement runs: the agent cannot tell one of R from another. If it waits, Livy's cancel is enough.
async fn runs(handle: &SessionHandle, statement: &Id) -> bool {
    let asked = handle.client.send(statement::get(&handle.session.id, statement)).await;
    asked.is_ok_and(|now| matches!(now.state, StatementState::Running | StatementState::Cancelling))
}

/// Asks until the answer is a success or a refusal for good.
async fn retry<T, E: Display, Asked: Future<Output = Result<T, E>>>(
    what: &str,
    statement: &Id,
    may_pass: fn(&E) -> bool,
    ask: impl Fn() -> Asked,
) {
    for _ in 0..ATTEMPTS {
        match ask().await {
            Ok(_) => return,
            Err(error) if may_pass(&error) => sleep(RETRY_DELAY).await,
            Err(error) => {
                return tracing::warn!("statement {statement} could not be {what}: {error}");
            }
        }
    }
}
