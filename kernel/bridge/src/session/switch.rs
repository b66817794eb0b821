//! The user chooses another session: joins one, leaves it, or has one started with other properties.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use livy_client::{Client, Id};
use tokio::time::timeout;

use crate::{
    error::CellError,
    records::SessionEnd,
    server::{cleanup::PendingCleanup, session_end},
    session::{
        handle::SessionHandle,
        manager::Manager,
        origin::Origin,
        start::{find, not_started},
        state::State,
    },
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
        let began = Instant::now();
        let connection = self.connect().await?;
        let found = find(&connection.client, id_or_name).await;
        let (client, session) = found.map_err(|error| match error.is_not_found() {
            true => unknown(id_or_name),
            false => not_started(&error.to_string()),
        })?;
        if let Some(handle) = self.ready_session().filter(|handle| handle.is_same(&session)) {
            return Ok(handle);
        }
        let session = self.wait_to_join(&client, session).await?;
        let handle = self
            .handle_of(connection.by_way_of(client), session, SystemTime::now())
            .with_origin(Origin::Joined)
            .used();
        self.stop_start().await;
        self.take_started_ahead();
        let (before, pooled) = (self.own_session(), self.ready_session());
        self.record_start(&handle, began.elapsed());
        // An interrupt may end this at any await: the journal and the state change together.
        self.write_down(&handle);
        self.publish_ready(handle.clone());
        self.journal.written().await;
        if let Some(before) = before {
            self.end_own(&before, &handle.client).await;
            if let Some(ended) = pooled {
                ended.records().end(SessionEnd::Ended);
            }
        } else if let Some(before) = pooled {
            self.leave(&before).await;
        }
        Ok(handle)
    }

    /// Stops a start that is under way. What it has made on the server is still to be ended.
    async fn stop_start(&self) {
        self.held().owner = None;
        let Some(starting) = self.held().starting.take() else { return };
        starting.abort();
        self.state.send_if_modified(|state| {
            let is_starting = matches!(state, State::Starting(_));
            if is_starting {
                *state = State::Absent;
            }
            is_starting
        });
        let _ = starting.await;
    }

    /// What this kernel has on the server and is to end.
    fn own_session(&self) -> Option<PendingCleanup> {
        match self.ready_session() {
            Some(handle) => handle.started_here().then(|| PendingCleanup::Known(handle.identity())),
            None => self.held().cleanup.clone(),
        }
    }

    /// Ends it, or leaves that to the kernel's end if it takes too long.
    async fn end_own(&self, own: &PendingCleanup, client: &Client) {
        if timeout(REPLACED_SESSION_END_LIMIT, own.end(client, self.settings.agents)).await.is_ok()
        {
            self.held().cleanup.take_if(|cleanup| cleanup.id() == own.id());
        }
    }

    /// Leaves the session as it is, and returns it.
    pub async fn detach(&self) -> Option<SessionHandle> {
        let handle = self.ready_session()?;
        self.state.send_replace(State::Absent);
        self.journal.session(None);
        {
            let mut held = self.held();
            held.cleanup = None;
            held.owner.take_if(|_| handle.lease().is_none());
        }
        self.journal.written().await;
        if let Some(lease) = handle.lease() {
            self.give_back(&handle, lease).await;
        }
        let is_returned = handle.lease().is_some();
        handle.records().end(if is_returned { SessionEnd::Returned } else { SessionEnd::Left });
        Some(handle)
    }

    /// Ends the session, or leaves it if somebody else has started it, and starts another. Returns the id
    /// of the one that was ended.
    pub async fn restart(self: &Arc<Self>) -> Option<Id> {
        let ended = self.end_session().await;
        self.held().wants_new = true;
        self.begin_start();
        ended
    }

    /// Ends the session that the kernel has or is starting, or leaves it if somebody else has started it.
    /// Returns the id of the one that was ended.
    pub async fn end_session(self: &Arc<Self>) -> Option<Id> {
        self.stop_start().await;
        let (own, handle) = (self.own_session(), self.ready_session());
        let is_unused = self.is_started_ahead();
        self.state.send_replace(State::Absent);
        self.journal.session(None);
        self.journal.written().await;
        let records = handle.as_ref().map(SessionHandle::records);
        let ended = match handle.filter(|handle| handle.lease().is_some()) {
            Some(pooled) if is_unused => {
                self.leave(&pooled).await;
                return None;
            }
            Some(pooled) => PendingCleanup::Known(pooled.identity()),
            None => own?,
        };
        let client = self.connect().await.ok()?.client;
        // The next session may be to have this one's name.
        self.end_own(&ended, &client).await;
        if let Some(records) = records {
            records.end(SessionEnd::Ended);
        }
        ended.id()
    }
}

fn unknown(id_or_name: &str) -> CellError {
    let what = format!("Livy knows no session {id_or_name}");
    let next = "Run `livy-kernel sessions --all` to list the server's sessions.";
    CellError::new("NoSessionError", what, next)
}
