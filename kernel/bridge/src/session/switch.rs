//! The user chooses another session: joins one, leaves it, or has one started with other properties.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use livy_client::Id;
use tokio::time::timeout;

use crate::{
    error::CellError,
    server::{cleanup::PendingCleanup, session_end},
    session::{handle::SessionHandle, manager::Manager, start::find, state::State},
};

/// How long a new session waits for the end of the old one, and of what runs in it.
const REPLACED_SESSION_END_LIMIT: Duration =
    Duration::from_secs(10).saturating_add(session_end::INTERRUPT_LIMIT);

impl Manager {
    /// Joins a session that this kernel has not started, by its id or name, and ends its own.
    ///
    /// # Errors
    ///
    /// Why the session cannot be joined; the kernel then keeps the one that it has.
    pub async fn attach(self: &Arc<Self>, id_or_name: &str) -> Result<SessionHandle, CellError> {
        let connection = self.connect().await?;
        let found = find(&connection.client, id_or_name).await?;
        let (client, session) = found.ok_or_else(|| unknown(id_or_name))?;
        let before = self.ready_session();
        if let Some(handle) = before.as_ref().filter(|handle| handle.is_same(&session)) {
            return Ok(handle.clone());
        }
        let session = self.wait_to_join(&client, session).await?;
        let connection = connection.by_way_of(client);
        let handle = self.handle_of(connection, session, SystemTime::now()).joined().used();
        // An interrupt may end this at any await: the journal and the state change together.
        self.write_down(&handle);
        self.publish_ready(handle.clone());
        self.journal.written().await;
        if let Some(before) = before.filter(|before| before.started_here) {
            self.delete(&before.client, &before.session.id).await;
        }
        Ok(handle)
    }

    /// Leaves the session as it is, and returns it.
    pub async fn detach(&self) -> Option<SessionHandle> {
        let handle = self.ready_session()?;
        self.state.send_replace(State::Absent);
        self.journal.session(None);
        {
            let mut held = self.held();
            held.cleanup = None;
            held.owner = None;
        }
        self.journal.written().await;
        Some(handle)
    }

    /// Ends the session, or leaves it if somebody else has started it, and starts another. Returns the id
    /// of the one that was ended.
    pub async fn restart(self: &Arc<Self>) -> Option<Id> {
        let ended = self.end_session().await;
        self.begin_start();
        ended
    }

    /// Ends the session that the kernel has or is starting, or leaves it if somebody else has started it.
    /// Returns the id of the one that was ended.
    pub async fn end_session(self: &Arc<Self>) -> Option<Id> {
        let starting = self.held().starting.take();
        if let Some(starting) = starting {
            starting.abort();
            let _ = starting.await;
        }
        let (cleanup, handle) = (self.held().cleanup.take(), self.ready_session());
        self.state.send_replace(State::Absent);
        self.journal.session(None);
        self.journal.written().await;
        let ended = match handle {
            Some(handle) if handle.started_here => PendingCleanup::Known(handle.identity()),
            Some(_) => return None,
            None => cleanup?,
        };
        let client = self.connect().await.ok()?.client;
        // The next session may be to have this one's name.
        let _ = timeout(REPLACED_SESSION_END_LIMIT, ended.end(&client, self.settings.agents)).await;
        ended.id()
    }
}

fn unknown(id_or_name: &str) -> CellError {
    let what = format!("Livy knows no session {id_or_name}");
    let next = "Run `livy-kernel sessions --all` to list the server's sessions.";
    CellError::new("NoSessionError", what, next)
}
