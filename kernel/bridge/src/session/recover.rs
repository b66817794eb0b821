//! Recovers the session of a kernel that was killed, in the kernel that was started in its place.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use livy_client::{Affinity, Client, Id, Identity, PollPolicy, Session};
use tokio::time::timeout;

use crate::{
    error::CellError,
    platform::private_file,
    policy::PolicyError,
    server::{
        affinity::Subject, cleanup::PendingCleanup, connection::Connection, local_process::Lease,
        session_name::SessionName,
    },
    session::{
        handle::SessionHandle,
        journal::Record,
        loss::{self, Liveness, Loss, probe},
        manager::Manager,
        origin::Origin,
        state::{Starting, State},
    },
    settings::Target,
};

/// How long it may take to end a session that nobody goes on with; afterwards another process does.
const END_LIMIT: Duration = Duration::from_secs(10);

impl Manager {
    /// Returns what a kernel before this one had and did not end, since it was killed.
    pub async fn inherited(&self) -> Option<Record> {
        let options = match self.settings.target.as_ref().ok()? {
            Target::Remote { options, .. } => (**options).clone(),
            Target::Local { .. } => Lease::read(&self.journal.lease())?.options().ok()?,
        };
        let servers = [&options].into_iter().chain(&options.others);
        let servers: Vec<String> = servers.map(|server| server.endpoint.to_string()).collect();
        self.journal.inherited(&servers).await
    }

    /// Begins to recover the session of a killed kernel, as soon as its server can be reached.
    pub fn recover(self: &Arc<Self>, session: Identity, origin: Origin, server: &str) {
        self.state.send_replace(State::Starting(Starting::now(Some(session.id.clone()))));
        let is_to_end = origin == Origin::Started;
        self.held().cleanup = is_to_end.then(|| PendingCleanup::Known(session.clone()));
        let manager = Arc::clone(self);
        let server = Affinity::to_server(server);
        let find = async move { manager.find_again(session, origin, &server).await };
        self.begin_task("it took a session back", find);
    }

    /// Asks whether the session of a killed kernel is still there, before a kernel goes on with it; none if it
    /// is, otherwise how it was lost. It waits until the server answers.
    ///
    /// # Errors
    ///
    /// The server cannot be asked.
    pub async fn inherited_loss(&self, record: &Record) -> Result<Option<Loss>, CellError> {
        let Record { session, server, .. } = record;
        let connection = way_to(session, &Affinity::to_server(server), self.connect().await?);
        let client = connection.client.bound_to(session.clone());
        Ok(match self.wait_for_answer(&connection, &client, &session.id).await {
            Some(Ok(found)) if found.state.is_over() => {
                Some(Loss::new(session.id.clone(), Some(&found.state), &[]))
            }
            Some(Err(loss)) => Some(loss),
            Some(Ok(_)) | None => None,
        })
    }

    /// Ends the session of a killed kernel, which this one does not go on with.
    pub async fn end_inherited(&self, record: &Record) {
        self.journal.session(None);
        match self.settings.target {
            // Its process ends without its lease.
            Ok(Target::Local { .. }) => {
                if let Err(error) = private_file::remove(&self.journal.lease()) {
                    tracing::warn!("Spark on this machine may be left behind: {error}");
                }
            }
            _ if record.origin == Origin::Started => {
                self.end_on_server(PendingCleanup::Known(record.session.clone())).await;
            }
            _ => {}
        }
    }

    async fn end_on_server(&self, cleanup: PendingCleanup) {
        let end = async {
            let connection = self.connect().await?;
            cleanup.end(&connection.client, self.agents()).await;
            Ok::<_, CellError>(())
        };
        if !matches!(timeout(END_LIMIT, end).await, Ok(Ok(()))) {
            cleanup.spawn_cleanup_process();
        }
    }

    /// Finds the session again by all that is known of it. Its id is not enough: the server may be
    /// another, or have begun to count from 0 again.
    async fn find_again(self: &Arc<Self>, session: Identity, origin: Origin, server: &Affinity) {
        let connection = match self.connect().await {
            Ok(connection) => way_to(&session, server, connection),
            Err(failure) => return self.set_failed(failure),
        };
        let id = session.id.clone();
        let client = connection.client.bound_to(session);
        match self.wait_for_answer(&connection, &client, &id).await {
            None => {}
            Some(Ok(session)) => {
                if let Err(refusal) = self.check_again(&session, &origin) {
                    return self.set_failed(refusal.into());
                }
                let Some(origin) = self.origin_again(&client, &session, origin).await else {
                    return self.set_lost(Loss::taken(id)).await;
                };
                let handle = self.handle_of(connection, session, SystemTime::now());
                self.record_recovery(&handle);
                self.set_recovered(handle.recovered(origin)).await;
            }
            Some(Err(loss)) => {
                self.record_leftovers(connection.client);
                self.set_lost(loss).await;
            }
        }
    }

    /// The journal is the user's own file, which may name a session that no policy would allow. Not every
    /// server tells whom a session runs as.
    fn check_again(&self, session: &Session, origin: &Origin) -> Result<(), PolicyError> {
        match (origin, session.proxy_user.as_deref()) {
            (Origin::Joined, user) => self.policy().check_joined(user),
            (_, Some(user)) => self.policy().check_user("the session's proxyUser", user),
            (_, None) => Ok(()),
        }
    }

    /// A session of a pool may have been taken meanwhile.
    async fn origin_again(
        &self,
        client: &Client,
        session: &Session,
        origin: Origin,
    ) -> Option<Origin> {
        match origin {
            Origin::Pooled(lease) if !session.state.is_over() => {
                self.reclaim(client, session, lease).await.map(Origin::Pooled)
            }
            origin => Some(origin),
        }
    }

    /// Asks until the server says what has become of the session; none if the kernel ends first.
    async fn wait_for_answer(
        &self,
        connection: &Connection,
        client: &Client,
        id: &Id,
    ) -> Option<Result<Session, Loss>> {
        let mut polls = PollPolicy::SESSION.start();
        loop {
            match loss::look(client, id).await {
                Ok((session, _)) if session.state.is_starting() => {}
                Ok((session, _)) => return Some(Ok(session)),
                Err(error) if loss::is_session_missing(&error) => {
                    return Some(Err(Loss::missing(id.clone(), &error)));
                }
                Err(_) if connection.is_gone().await => {
                    return Some(Err(Loss::with_server(id.clone())));
                }
                Err(error) => {
                    tracing::debug!("session {id} is not back yet: {error}");
                    polls.set_retry_after(error.retry_after());
                }
            }
            self.ending.run_until_cancelled(polls.wait()).await?;
        }
    }

    async fn set_lost(&self, loss: Loss) {
        self.journal.session(None);
        self.journal.written().await;
        self.state.send_replace(State::Lost(loss));
    }

    async fn set_recovered(self: &Arc<Self>, handle: SessionHandle) {
        self.take_over(handle.session.name.as_deref().unwrap_or_default());
        let is_over = handle.session.state.is_over();
        self.set_ready(handle.clone()).await;
        if is_over && let Liveness::Gone(loss) = probe(&handle).await {
            self.report_lost(&handle, &loss);
        }
    }

    /// Marks the session as owned again, since its name has the process id of the kernel that was killed.
    fn take_over(&self, name: &str) {
        let owner = SessionName::parse(name).map(|name| name.take_over()).transpose();
        match owner {
            Ok(None) => {}
            Ok(owner) => self.held().owner = owner,
            Err(error) => tracing::warn!(
                "`livy-kernel sessions` will show session {name} as orphaned, since its new owner could \
                 not be noted: {error}"
            ),
        }
    }
}

/// The way to the session through the server that had it.
fn way_to(session: &Identity, server: &Affinity, connection: Connection) -> Connection {
    let there = connection.client.with_affinity(server);
    let client = Subject::session(session).client(there.as_ref().unwrap_or(&connection.client));
    connection.by_way_of(client)
}
