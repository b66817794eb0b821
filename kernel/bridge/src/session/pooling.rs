//! Takes the kernel's session from a pool or adds one to it, and gives it back.

use std::{env, time::SystemTime};

use livy_client::{Client, Fate, Session, SessionProperties, session};
use sha2::{Digest, Sha256};
use tokio::join;

use crate::{
    error::CellError,
    platform::private_file,
    records::SessionEnd,
    server::{
        cleanup::PendingCleanup,
        connection::Connection,
        resource::Resource,
        session_name::{self, SessionName},
        session_owner::{self, SessionOwner},
    },
    session::{
        claim::{self, Change, Found},
        handle::SessionHandle,
        manager::Manager,
        origin::{Lease, Origin},
        pool::Pool,
        start::{not_created, not_started, shared},
    },
    settings::Target,
};

/// How often other kernels may be quicker, before this one gives up.
const MAX_ATTEMPTS: usize = 20;

impl Manager {
    /// The pool that the session is to be of. A shared session is of none, and Spark on this machine ends
    /// with its kernel.
    pub(super) fn pool(&self, client: &Client, new: &SessionProperties) -> Option<Pool> {
        let is_remote = matches!(self.settings.target, Ok(Target::Remote { .. }));
        let is_alone = is_remote && self.shared_name().is_none();
        let name = self.options().pool.clone().filter(|_| is_alone)?;
        let proxy_user = new.proxy_user.clone();
        let user = client.user().map(str::to_owned);
        let on_this_machine = || ["USER", "USERNAME"].iter().find_map(|name| env::var(name).ok());
        let person = proxy_user.clone().or_else(|| user.clone()).or_else(on_this_machine);
        Some(Pool { name, user, proxy_user, person: person.unwrap_or_default() })
    }

    /// Takes a session of the pool that is free, or adds one.
    pub(super) async fn start_in_pool(
        &self,
        connection: Connection,
        pool: &Pool,
    ) -> Result<SessionHandle, CellError> {
        let client = connection.client.clone();
        for _ in 0..MAX_ATTEMPTS {
            let (sessions, since) = (listed(&client).await?, SystemTime::now());
            let name = pool.free_name(&sessions);
            let found = match self.wants_new() {
                true => None,
                false => self.take_free(&client, pool, sessions).await,
            };
            let is_used = found.is_some();
            let Some(session) = (match found {
                Some(session) => Some(session),
                None => self.add_session(&client, pool, name).await?,
            }) else {
                continue;
            };
            self.forget_wish_for_new();
            self.mark_as_owned(&client, &session);
            let lease = Lease { claim: self.claim(), is_used };
            return Ok(self
                .handle_of(connection, session, since)
                .with_origin(Origin::Pooled(lease)));
        }
        Err(not_started("other kernels were always quicker"))
    }

    /// Takes the first session that is free.
    async fn take_free(
        &self,
        client: &Client,
        pool: &Pool,
        sessions: Vec<Session>,
    ) -> Option<Session> {
        let digest = pool.digest(&self.new_session(String::new()).ok()?);
        let may_be_of_others = self.configuration().is_empty();
        for session in pool.candidates(sessions) {
            let client = client.bound_to(session_name::identity(&session));
            // One that no kernel has started does not tell for whom and with what.
            let user = session.proxy_user.as_deref();
            let is_untold = may_be_of_others
                && pool.knows_owner(&session)
                && self.policy().check_joined(user).is_ok();
            let untold = is_untold.then_some("");
            let properties: Vec<&str> = untold.into_iter().chain([digest.as_str()]).collect();
            if self.take(&client, &session, &properties).await {
                return Some(session);
            }
        }
        None
    }

    /// Takes a session if no kernel has it, or if its kernel is certainly gone.
    async fn take(&self, client: &Client, session: &Session, properties: &[&str]) -> bool {
        let mark = mark_of(client, session);
        // Kernels of this machine need not disturb each other's sessions.
        if session_owner::has_owner(&mark) {
            return false;
        }
        let claim = self.claim();
        let mut change = Change { from: &["", &claim], to: &claim, properties };
        match claim::change(client, session, &change).await {
            None => false,
            Some(Found { is_changed: true, .. }) => true,
            Some(Found { owner, .. }) if self.is_abandoned(&owner, &mark) => {
                let from = [owner.as_str()];
                change.from = &from;
                let found = claim::change(client, session, &change).await;
                found.is_some_and(|found| found.is_changed)
            }
            Some(_) => false,
        }
    }

    /// Whether an owner was a kernel of this machine that nobody has started again for a while. Of other
    /// machines' kernels that is never known.
    fn is_abandoned(&self, owner: &str, mark: &str) -> bool {
        let is_gone = SessionName::parse(owner).is_some_and(|name| name.is_orphaned());
        let grace = self.options().heartbeat_timeout();
        is_gone
            && !session_owner::has_owner(mark)
            && session_owner::age(mark).is_none_or(|age| age > grace)
    }

    /// Adds a session; none if another kernel has added one of this name.
    async fn add_session(
        &self,
        client: &Client,
        pool: &Pool,
        name: String,
    ) -> Result<Option<Session>, CellError> {
        let new = pool.with_marks(self.new_session(name.clone())?, &self.claim());
        let session = match client.send(session::create(&new)).await {
            Ok(session) => session,
            Err(error)
                if error.fate() != Fate::Unknown && shared(client, &name).await?.is_some() =>
            {
                return Ok(None);
            }
            Err(error) => return Err(not_created(&error)),
        };
        let identity = session_name::identity(&session);
        self.held().cleanup = Some(PendingCleanup::Known(identity.clone()));
        let session = self.wait_for_own(&client.bound_to(identity), session).await?;
        // From now on it is given back.
        self.held().cleanup = None;
        Ok(Some(session))
    }

    /// What names this kernel in a session.
    fn claim(&self) -> String {
        self.held().claim.get_or_insert_with(session_name::generate).clone()
    }

    /// Tells this machine's kernels that this one has the session, until that is dropped.
    fn mark_as_owned(&self, client: &Client, session: &Session) {
        // An older mark may be in the same file.
        self.held().owner = None;
        match SessionOwner::of(&mark_of(client, session)) {
            Ok(owner) => self.held().owner = Some(owner),
            Err(error) => tracing::warn!("the session's owner is not noted: {error}"),
        }
    }

    /// Takes back the session that a killed kernel had of a pool; none if another kernel may have it now.
    pub(super) async fn reclaim(
        &self,
        client: &Client,
        session: &Session,
        lease: Lease,
    ) -> Option<Lease> {
        let mark = mark_of(client, session);
        let grace = self.options().heartbeat_timeout();
        let is_certain = session_owner::age(&mark).is_some_and(|age| age < grace / 2);
        if session_owner::has_owner(&mark) {
            return None;
        }
        self.mark_as_owned(client, session);
        if is_certain {
            return Some(lease);
        }
        let claim = self.claim();
        let change = Change { from: &[&lease.claim], to: &claim, properties: &[] };
        let found = claim::change(client, session, &change).await?;
        found.is_changed.then_some(Lease { claim, ..lease })
    }

    /// Gives a session back to its pool, and stops the cell that runs in it.
    pub(super) async fn give_back(&self, handle: &SessionHandle, lease: &Lease) {
        let change = Change { from: &[&lease.claim], to: "", properties: &[] };
        let give_back = claim::post(&handle.client, &handle.session, &change);
        // Together, since a kernel that ends has little time.
        let (given_back, ()) = join!(give_back, self.stop_cell(handle));
        if let Err(error) = given_back {
            tracing::warn!("session {} is not given back: {error}", handle.session.id);
        }
        self.held().owner = None;
    }

    async fn stop_cell(&self, handle: &SessionHandle) {
        if handle.runs_a_cell() {
            join!(handle.cancel_newest(), handle.interrupt_newest(self.kind));
        }
    }

    /// Leaves the session at the kernel's end: one of a pool is given back, unless the user has asked for
    /// an empty one by a restart.
    pub(super) async fn leave(&self, handle: &SessionHandle) {
        let end = match &handle.origin {
            Origin::Joined => SessionEnd::Left,
            Origin::Pooled(lease) if !self.held().restarts => {
                self.give_back(handle, lease).await;
                SessionEnd::Returned
            }
            Origin::Pooled(_) => {
                self.held().cleanup = Some(PendingCleanup::Known(handle.identity()));
                if let Err(error) = private_file::write_json(&self.journal.wish_for_new(), &()) {
                    tracing::warn!("the next session may have variables: {error}");
                }
                self.delete(&handle.client, &handle.session.id).await;
                SessionEnd::Ended
            }
            Origin::Started => {
                self.delete(&handle.client, &handle.session.id).await;
                SessionEnd::Ended
            }
        };
        handle.records().end(end);
    }

    /// Whether the next session is to have no variables: the user has asked for a new one in place of
    /// another, in this kernel or by a restart.
    fn wants_new(&self) -> bool {
        self.held().wants_new || self.journal.wish_for_new().exists()
    }

    fn forget_wish_for_new(&self) {
        self.held().wants_new = false;
        if let Err(error) = private_file::remove(&self.journal.wish_for_new()) {
            tracing::debug!("the wish for a new session stays: {error}");
        }
    }
}

/// The name of the file that marks a session as owned by a kernel of this machine.
fn mark_of(client: &Client, session: &Session) -> String {
    let server = hex::encode(&Sha256::digest(client.endpoint().to_string())[..4]);
    format!("pool-{server}-{}", session.name.as_deref().unwrap_or_default())
}

async fn listed(client: &Client) -> Result<Vec<Session>, CellError> {
    let all = Resource::Session.list_all(client).await;
    let all = all.map_err(|error| not_started(&error.to_string()))?.into_iter();
    Ok(all.filter_map(|session| serde_json::from_value(session).ok()).collect())
}
