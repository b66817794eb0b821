//! The installation of a session's agent, in the background and at most once.

use std::time::Duration;

use livy_client::{Client, Id};
use tokio::{sync::watch, time::timeout};

use crate::{agent::Agent, platform::task, settings::choices::AgentPolicy};

/// The place of a session's agent, which may be empty.
#[derive(Debug)]
pub struct AgentSlot {
    policy: AgentPolicy,
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
    pub fn new(policy: AgentPolicy) -> Self {
        Self { policy, state: watch::Sender::new(AgentState::NotRequested) }
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
        let install = install(client.clone(), session.clone(), state);
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

async fn install(client: Client, session: Id, state: watch::Sender<AgentState>) {
    let outcome = match Agent::install(client, session).await {
        Ok(agent) => AgentState::Ready(agent),
        Err(error) => {
            tracing::warn!("cells go without live output: {error}");
            AgentState::Failed(error.to_string())
        }
    };
    state.send_replace(outcome);
}
