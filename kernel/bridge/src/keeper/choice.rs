//! A person chooses another session: joins one, leaves it, or has one started with other properties.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use livy_client::Id;
use tokio::time::timeout;

use super::{Keeper, State, start::there};
use crate::{
    configuration::Configuration,
    failure::Failure,
    leftover::Leftover,
    live::{Live, lock},
};

/// How long the next session waits for the end of the last.
const DELETION: Duration = Duration::from_secs(10);

impl Keeper {
    /// Joins a session that this kernel has not started, by its id or name, and ends its own.
    pub async fn attach(self: &Arc<Self>, id_or_name: &str) -> Result<Live, Failure> {
        let connection = self.connect().await?;
        let client = connection.client.clone();
        let session = there(&client, id_or_name).await?.ok_or_else(|| unknown(id_or_name))?;
        let before = self.live();
        if let Some(live) = before.as_ref().filter(|live| live.session.id == session.id) {
            return Ok(live.clone());
        }
        let session = self.until_started(&client, session, Duration::ZERO).await?;
        let live = self.live_of(connection, session, SystemTime::now());
        let live = live.owned(false).used();
        self.has(live.clone());
        if let Some(before) = before.filter(|before| before.own) {
            self.delete(&before.client, &before.session.id).await;
        }
        Ok(live)
    }

    /// Leaves the session as it is.
    pub fn detach(&self) -> Option<Live> {
        let live = self.live()?;
        self.state.send_replace(State::Absent);
        self.journal.session(None);
        *self.leftovers() = None;
        *lock(&self.claim) = None;
        Some(live)
    }

    /// What the sessions to come get beside what the settings say.
    pub fn configuration(&self) -> Configuration {
        lock(&self.configuration).clone()
    }

    /// Sets that.
    pub fn configure(&self, configuration: Configuration) {
        *lock(&self.configuration) = configuration;
    }

    /// Ends the session that there is, or leaves it if it is another's, and starts another. Yields which
    /// was ended.
    pub async fn begin_anew(self: &Arc<Self>) -> Option<Id> {
        let ended = self.end_session().await;
        self.begin();
        ended
    }

    /// Ends the session that there is or is on its way, or leaves it if it is another's. Yields which was
    /// ended.
    pub async fn end_session(self: &Arc<Self>) -> Option<Id> {
        let starting = self.starting().take();
        if let Some(starting) = starting {
            starting.abort();
            let _ = starting.await;
        }
        let (left, live) = (self.leftovers().take(), self.live());
        self.state.send_replace(State::Absent);
        self.journal.session(None);
        let ended = match live {
            Some(live) if live.own => Leftover::Known(live.session.id),
            Some(_) => return None,
            None => left?,
        };
        let client = self.connect().await.ok()?.client;
        // The next one may be to have its name.
        let _ = timeout(DELETION, ended.end(&client)).await;
        ended.id()
    }
}

fn unknown(id_or_name: &str) -> Failure {
    let what = format!("Livy knows no session {id_or_name}");
    let next = "`livy-kernel sessions --all` lists those that there are.";
    Failure::new("NoSessionError", what, next)
}
