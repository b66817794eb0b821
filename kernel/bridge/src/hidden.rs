//! Statements that no person sees, by which the kernel asks what only the session's interpreter
//! knows. One runs only while the session is idle, and ends when a cell begins.

use std::time::Duration;

use livy_client::{
    Id, Output, PollPolicy, SessionState,
    session::{self, State},
    statement::{self, NewStatement},
};
use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::{kind::Kind, live::Live};

/// A compiler that has rested takes seconds; a cell need not wait for it.
const LIMIT: Duration = Duration::from_secs(10);

/// What the code gives, unless the session has something better to do, or takes too long.
pub async fn ask(live: &Live, kind: Kind, code: String) -> Option<Map<String, Value>> {
    let asking = live.clone();
    // Who asks may leave: a statement that was posted is followed to its end all the same.
    let asked = tokio::spawn(async move { run(&asking, kind, code).await });
    asked.await.unwrap_or_default()
}

async fn run(live: &Live, kind: Kind, code: String) -> Option<Map<String, Value>> {
    if !is_idle(live).await {
        return None;
    }
    let new = NewStatement { code, kind: Some(kind.as_str().to_owned()) };
    let posted = live.client.send(statement::run(&live.session.id, &new)).await.ok()?;
    match timeout(LIMIT, end_of(live, &posted.id)).await {
        Ok(Some(Output::Ok(data))) => Some(data),
        Ok(Some(Output::Error { .. })) => None,
        Ok(None) | Err(_) => {
            let cancelled = live.client.send(statement::cancel(&live.session.id, &posted.id)).await;
            tracing::debug!("a hidden statement is cancelled: {:?}", cancelled.err());
            None
        }
    }
}

async fn is_idle(live: &Live) -> bool {
    if live.runs_a_cell() || live.is_out_of_step() {
        return false;
    }
    let state = live.client.send(session::state(&live.session.id)).await;
    matches!(state, Ok(State { state: SessionState::Idle, .. }))
}

/// None if a cell begins before, or Livy does not tell.
async fn end_of(live: &Live, id: &Id) -> Option<Output> {
    let mut polls = PollPolicy::STATEMENT.start();
    loop {
        polls.wait().await;
        if live.runs_a_cell() {
            return None;
        }
        let statement = live.client.send(statement::get(&live.session.id, id)).await.ok()?;
        if statement.is_finished() {
            return statement.output;
        }
    }
}
