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
    standing: watch::Sender<Standing>,
}

/// How it stands with a session's agent.
#[derive(Clone, Debug)]
pub enum Standing {
    /// Nobody has asked for it.
    Uninvited,
    /// It is being installed.
    Coming,
    /// It answers.
    Here(Agent),
    /// It could not be installed, for this reason.
    Away(String),
}

impl Seat {
    /// A session that has none yet.
    pub fn new(policy: Policy) -> Self {
        Self { policy, standing: watch::Sender::new(Standing::Uninvited) }
    }

    /// How it stands now.
    pub fn standing(&self) -> Standing {
        self.standing.borrow().clone()
    }

    /// When it is to come.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// Has it installed in the background, if it may come and nobody has asked for it.
    pub fn invite(&self, client: &Client, session: &Id) {
        let invited = self.policy != Policy::Never
            && self.standing.send_if_modified(|standing| {
                let new = matches!(standing, Standing::Uninvited);
                if new {
                    *standing = Standing::Coming;
                }
                new
            });
        if invited {
            tokio::spawn(install(client.clone(), session.clone(), self.standing.clone()));
        }
    }

    /// It, if it is there or comes within some time.
    pub async fn agent(&self, patience: Duration) -> Option<Agent> {
        let mut standing = self.standing.subscribe();
        let decided = standing.wait_for(|standing| !matches!(standing, Standing::Coming));
        match timeout(patience, decided).await.ok()?.ok().as_deref() {
            Some(Standing::Here(agent)) => Some(agent.clone()),
            _ => None,
        }
    }
}

async fn install(client: Client, session: Id, standing: watch::Sender<Standing>) {
    let now = match Agent::install(client, session).await {
        Ok(agent) => Standing::Here(agent),
        Err(error) => {
            tracing::warn!("cells go without live output: {error}");
            Standing::Away(error.to_string())
        }
    };
    standing.send_replace(now);
}
