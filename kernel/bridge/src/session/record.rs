//! What is recorded of the kernel's session, and of the way to its server.

use std::{sync::Arc, time::Duration};

use livy_client::{Client, Troubles};
use tokio::sync::watch;

use crate::{
    error::CellError,
    platform::task,
    records::{Count, Event, Records, SessionEnd, SessionFacts, SessionStart, milliseconds},
    session::{handle::SessionHandle, manager::Manager, origin::Origin, statement_end},
};

impl Manager {
    /// Records that the kernel has a session, which has taken this long.
    pub(super) fn record_start(&self, handle: &SessionHandle, took: Duration) {
        let state = match &handle.origin {
            Origin::Started => SessionStart::Started,
            Origin::Joined => SessionStart::Joined,
            Origin::Pooled(lease) if lease.is_used => SessionStart::Taken,
            Origin::Pooled(_) => SessionStart::Started,
        };
        self.record(handle.facts(), state, took, None);
    }

    /// Records that the kernel has the session of a killed one.
    pub(super) fn record_recovery(&self, handle: &SessionHandle) {
        self.record(handle.facts(), SessionStart::Recovered, Duration::ZERO, None);
    }

    /// Records that the session ends, although this kernel cannot wait for that.
    pub fn record_end_by_another_process(&self) {
        if let Some(handle) = self.ready_session() {
            handle.records().end(SessionEnd::Ended);
        }
    }

    /// Records that no session came.
    pub(super) async fn record_failure(&self, failure: &CellError, took: Duration) {
        let connection = self.connection.lock().await;
        let server = connection.as_ref().map(|known| known.client.endpoint().to_string());
        let session = SessionFacts { server: server.unwrap_or_default(), ..Default::default() };
        self.record(session, SessionStart::Failed, took, Some(failure.evalue.clone()));
    }

    fn record(
        &self,
        session: SessionFacts,
        state: SessionStart,
        took: Duration,
        reason: Option<String>,
    ) {
        let (kind, ms) = (self.kind.as_str().to_owned(), milliseconds(took));
        self.records.note(Event::Session { session, kind, state, ms, reason });
    }

    /// Records how statements have ended that killed kernels had sent to this server, as soon as it says so.
    pub(super) fn record_leftovers(self: &Arc<Self>, client: Client) {
        let records = self.records.clone();
        task::spawn_detached("it recorded what a killed kernel had sent", async move {
            for sent in records.take_leftovers().await {
                let (records, client) = (records.clone(), client.clone());
                task::spawn_detached("it recorded a statement", async move {
                    statement_end::record_left(&records, &client, sent).await;
                });
            }
        });
    }
}

/// Records logins that fail, and that a server answers again, until its client is gone.
pub fn watch_way(client: &Client, records: &Records) {
    let server = client.endpoint().to_string();
    let (logins, troubles) = (client.login_trouble(), client.troubles());
    let told = records.clone();
    task::spawn_detached("it recorded logins", async move {
        record_logins(logins, &server, &told).await;
    });
    let counted = records.clone();
    task::spawn_detached("it counted reconnections", async move {
        count_reconnects(troubles, &counted).await;
    });
}

async fn record_logins(
    mut logins: watch::Receiver<Option<String>>,
    server: &str,
    records: &Records,
) {
    loop {
        let trouble = logins.borrow_and_update().clone();
        if let Some(reason) = trouble {
            records.note(Event::Login { server: server.to_owned(), reason });
        }
        if logins.changed().await.is_err() {
            return;
        }
    }
}

async fn count_reconnects(mut troubles: watch::Receiver<Troubles>, records: &Records) {
    let mut was_in_trouble = false;
    loop {
        let is_in_trouble = troubles.borrow_and_update().longest().is_some();
        if was_in_trouble && !is_in_trouble {
            records.count(Count::Reconnect);
        }
        was_in_trouble = is_in_trouble;
        if troubles.changed().await.is_err() {
            return;
        }
    }
}
