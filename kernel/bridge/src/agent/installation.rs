//! The installation of a session's agent, in the background and at most once.

use std::time::Duration;

use livy_client::{Client, Id};
use tokio::{sync::watch, time::timeout};

use crate::{
    agent::{Agent, error::AgentError},
    platform::task,
    settings::choices::AgentPolicy,
};

/// The place of a session's agent, which may be empty.
#[derive(Debug)]
pub struct AgentSlot {
    policy: AgentPolicy,
    /// Why it must not install packages, if it must not.
    pip_refusal: Option<String>,
    state: watch::Sender<AgentState>,
}

/// The state of the installation.
#[derive(Clone, Debug)]
pub enum AgentState {
    /// No one has needed the agent so far.
    NotRequested,
    /// The job that installs the agent is running.
    Installing,
    /// The agent is installed.
    Ready(Agent),
    /// The agent could not be installed, for this reason.
    Failed(String),
}

impl AgentSlot {
    /// Creates the empty slot of a session.
    pub fn new(policy: AgentPolicy, pip_refusal: Option<String>) -> Self {
        Self { policy, pip_refusal, state: watch::Sender::new(AgentState::NotRequested) }
    }

    /// Returns the state at this moment.
    pub fn state(&self) -> AgentState {
        self.state.borrow().clone()
    }

    /// Returns the policy that decides when the session gets its agent.
    pub fn policy(&self) -> AgentPolicy {
        self.policy
    }

    /// Installs the agent in the background, unless the policy forbids it or that was done before.
    pub fn request(&self, client: &Client, session: &Id) {
        if self.policy == AgentPolicy::Never || !self.take_request() {
            return;
        }
        let (state, state_on_death) = (self.state.clone(), self.state.clone());
        let agent = install(client.clone(), session.clone(), self.pip_refusal.clone());
        let install = async move { drop(state.send_replace(state_of(agent.await))) };
        drop(task::spawn("it installed the agent", install, move |died| {
            state_on_death.send_replace(AgentState::Failed(died.to_string()));
        }));
    }

    /// Returns true once, and marks the installation as begun.
    fn take_request(&self) -> bool {
        self.state.send_if_modified(|state| {
            let is_first = matches!(state, AgentState::NotRequested);
            if is_first {
                *state = AgentState::Installing;
            }
            is_first
        })
    }

    /// Returns the agent if it is ready, or becomes ready within the time limit.
    pub async fn agent(&self, limit: Duration) -> Option<Agent> {
        let mut state = self.state.subscribe();
        let decided = state.wait_for(|state| !matches!(state, AgentState::Installing));
        match timeout(limit, decided).await.ok()?.ok().as_deref() {
            Some(AgentState::Ready(agent)) => Some(agent.clone()),
            _ => None,
        }
    }
}

/// Installs an agent. One that does not hear what it must not do is none.
async fn install(
    client: Client,
    session: Id,
    pip_refusal: Option<String>,
) -> Result<Agent, AgentError> {
    let agent = Agent::install(client, session).await?;
    if let Some(why) = pip_refusal {
        agent.refuse_packages(&why).await?;
    }
    Ok(agent)
}

fn state_of(installed: Result<Agent, AgentError>) -> AgentState {
    match installed {
        Ok(agent) => AgentState::Ready(agent),
        Err(error) => {
            tracing::warn!("cells go without live output: {error}");
            AgentState::Failed(error.to_string())
        }
    }
}
