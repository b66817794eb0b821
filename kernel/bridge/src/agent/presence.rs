//! Whether a session has an agent.

use livy_client::{Client, Id};
use tokio::sync::watch;

use super::Agent;

/// Cells do without until it is here.
#[derive(Clone, Debug)]
pub enum Presence {
    /// It is being installed.
    Coming,
    /// It answers.
    Here(Agent),
    /// There is none.
    Away,
}

/// Installs an agent in the background.
pub fn invite(client: Client, session: Id) -> watch::Receiver<Presence> {
    let (sender, presence) = watch::channel(Presence::Coming);
    tokio::spawn(async move {
        let now = match Agent::install(client, session).await {
            Ok(agent) => Presence::Here(agent),
            Err(error) => {
                tracing::warn!("cells go without live output: {error}");
                Presence::Away
            }
        };
        // It fails only when the session is gone.
        let _ = sender.send(now);
    });
    presence
}

/// For sessions that are to have none.
pub fn none() -> watch::Receiver<Presence> {
    watch::channel(Presence::Away).1
}
