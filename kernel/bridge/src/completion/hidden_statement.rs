//! Runs statements that the user does not see, which ask the session's interpreter for what only it
//! knows. One runs only while the session is idle, and is cancelled when a cell begins.

use std::time::Duration;

use livy_client::{
    Id, Output, PollPolicy, SessionState,
    session::{self, State},
    statement::{self, NewStatement},
};
use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::{kind::Kind, platform::task, session::handle::SessionHandle};

/// How long a hidden statement may run. Scala's compiler needs seconds after a pause, but a cell must
/// not wait for it long.
const HIDDEN_STATEMENT_LIMIT: Duration = Duration::from_secs(10);

/// The output of the code; `None` if the session is busy, the code fails, or it takes too long.
pub async fn run(handle: &SessionHandle, kind: Kind, code: String) -> Option<Map<String, Value>> {
    let asking = handle.clone();
    // The request may be dropped, but a statement that was posted is followed to its end.
    let outcome = task::run_detached("it asked the session", async move {
        post_and_follow(&asking, kind, code).await
    });
    outcome.await.ok().flatten()
}

async fn post_and_follow(
    handle: &SessionHandle,
    kind: Kind,
    code: String,
) -> Option<Map<String, Value>> {
    if !is_idle(handle).await {
        return None;
    }
    let new = NewStatement { code, kind: Some(kind.as_str().to_owned()) };
    let posted = handle.client.send(statement::run(&handle.session.id, &new)).await.ok()?;
    match timeout(HIDDEN_STATEMENT_LIMIT, end_of(handle, &posted.id)).await {
        Ok(Some(Output::Ok(data))) => Some(data),
        Ok(Some(Output::Error { .. })) => None,
        Ok(None) | Err(_) => {
            let cancelled =
                handle.client.send(statement::cancel(&handle.session.id, &posted.id)).await;
            tracing::debug!("a hidden statement is cancelled: {:?}", cancelled.err());
            None
        }
    }
}

async fn is_idle(handle: &SessionHandle) -> bool {
    if handle.runs_a_cell() || handle.is_out_of_step() {
        return false;
    }
    let state = handle.client.send(session::state(&handle.session.id)).await;
    matches!(state, Ok(State { state: SessionState::Idle, .. }))
}

/// The statement's output; `None` if a cell begins first, or Livy does not answer.
async fn end_of(handle: &SessionHandle, id: &Id) -> Option<Output> {
    let mut polls = PollPolicy::STATEMENT.start();
    loop {
        polls.wait().await;
        if handle.runs_a_cell() {
            return None;
        }
        let statement = handle.client.send(statement::get(&handle.session.id, id)).await.ok()?;
        if statement.is_finished() {
            return statement.output;
        }
    }
}
