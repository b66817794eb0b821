//! Whether a session has an agent.

use std::time::Duration;

use livy_client::{Client, Id};
use tokio::{sync::watch, time::timeout};

use super::Agent;

/// When a session gets one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// A Python session at once, one of Scala when it helps: there it costs some 100 MB.
    #[default]
    Auto,
    /// Every session, at once.
    Always,
    /// None.
    Never,
}

/// Where a session's agent is to be found.
#[derive(Debug)]
pub struct Seat {
    policy: Policy,
    presence: watch::Sender<Presence>,
}

#[derive(Clone, Debug)]
enum Presence {
    /// Nobody has asked for it.
    Uninvited,
    /// It is being installed.
    Coming,
    /// It answers.
    Here(Agent),
    /// It could not be installed.
    Away,
}

impl Seat {
    /// A session that has none yet.
    pub fn new(policy: Policy) -> Self {
        Self { policy, presence: watch::Sender::new(Presence::Uninvited) }
    }

    /// When it is to come.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// Has it installed in the background, if it may come and nobody has asked for it.
    pub fn invite(&self, client: &Client, session: &Id) {
        let invited = self.policy != Policy::Never
            && self.presence.send_if_modified(|presence| {
                let new = matches!(presence, Presence::Uninvited);
                if new {
                    *presence = Presence::Coming;
                }
                new
            });
        if invited {
            tokio::spawn(install(client.clone(), session.clone(), self.presence.clone()));
        }
    }

    /// It, if it is there or comes within some time.
    pub async fn agent(&self, patience: Duration) -> Option<Agent> {
        let mut presence = self.presence.subscribe();
        let decided = presence.wait_for(|presence| !matches!(presence, Presence::Coming));
        match timeout(patience, decided).await.ok()?.ok().as_deref() {
            Some(Presence::Here(agent)) => Some(agent.clone()),
            _ => None,
        }
    }
}

async fn install(client: Client, session: Id, presence: watch::Sender<Presence>) {
    let now = match Agent::install(client, session).await {
        Ok(agent) => Presence::Here(agent),
        Err(error) => {
            tracing::warn!("cells go without live output: {error}");
            Presence::Away
        }
    };
    presence.send_replace(now);
}
