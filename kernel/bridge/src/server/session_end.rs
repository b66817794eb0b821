//! Ends a session. What runs in it is interrupted first: Livy ends R and Python by asking them to, so that one which
//! is in a loop runs on the driver's machine when its session is gone.

use std::time::Duration;

use livy_client::{
    Client, Error, Id, PollPolicy, SessionState,
    session::{self, State},
    statement::{self, Page},
};
use tokio::time::timeout;

use crate::{
    agent::{Agent, AgentError},
    settings::choices::AgentPolicy,
};

/// How long all that runs in a session has to end; an agent may have to be installed for it.
pub const INTERRUPT_LIMIT: Duration = Duration::from_secs(15);
/// How long it has where there is no agent, and Livy's cancel is all that can be done.
const CANCEL_LIMIT: Duration = Duration::from_millis(500);
/// After this time, code that goes on is interrupted again.
const RETRY_DELAY: Duration = Duration::from_secs(1);
const POLLS: PollPolicy = PollPolicy::new(Duration::from_millis(50), Duration::from_millis(500));

/// Interrupts what runs in a session, and ends it. One that is not there has ended, and so has one whose id another
/// session has now.
///
/// # Errors
///
/// Those of the server and of the way to it.
pub async fn end(client: &Client, id: &Id, agents: AgentPolicy) -> Result<(), Error> {
    if is_busy(client, id).await
        && timeout(INTERRUPT_LIMIT, interrupt(client, id, agents)).await.is_err()
    {
        tracing::warn!("session {id} is ended while its code runs on");
    }
    match client.send(session::delete(id)).await {
        Ok(_) => Ok(()),
        Err(Error::AnotherSession { .. }) => Ok(()),
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => Err(error),
    }
}

async fn interrupt(client: &Client, id: &Id, agents: AgentPolicy) {
    cancel_statements(client, id).await;
    if agents == AgentPolicy::Never || interrupt_by_agent(client, id).await.is_err() {
        let _ = timeout(CANCEL_LIMIT, until_idle(client, id)).await;
    }
}

/// Cancels those that run, and those that would run next.
async fn cancel_statements(client: &Client, id: &Id) {
    let page = Page { size: Some(20), newest_first: true, ..Default::default() };
    let Ok(list) = client.send(statement::list(id, page)).await else { return };
    for statement in list.statements.iter().filter(|statement| !statement.is_finished()) {
        if let Err(error) = client.send(statement::cancel(id, &statement.id)).await {
            tracing::debug!("statement {} could not be cancelled: {error}", statement.id);
        }
    }
}

/// Interrupts code until none runs.
async fn interrupt_by_agent(client: &Client, id: &Id) -> Result<(), AgentError> {
    let agent = Agent::install(client.clone(), id.clone()).await?;
    while is_busy(client, id).await {
        agent.interrupt_all().await?;
        let _ = timeout(RETRY_DELAY, until_idle(client, id)).await;
    }
    Ok(())
}

async fn until_idle(client: &Client, id: &Id) {
    let mut polls = POLLS.start();
    while is_busy(client, id).await {
        polls.wait().await;
    }
}

async fn is_busy(client: &Client, id: &Id) -> bool {
    let state = client.send(session::state(id)).await;
    matches!(state, Ok(State { state: SessionState::Busy, .. }))
}
