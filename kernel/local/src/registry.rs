//! The sessions or the batches of a server, by number and by name.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{lock::lock, refusal::Refusal};

/// How many entries may run at once, so that a client which creates them in a loop does not take the whole machine:
/// each takes a Java and some 400 MB. Even thirty notebooks of one user stay below it.
const MAX_RUNNING: usize = 32;

/// How long a session or batch that ended by itself is kept: `livy.server.session.state-retain.sec` of a real Livy.
const ENDED_RETENTION: Duration = Duration::from_secs(600);

/// A session or batch with its process.
pub(crate) trait Entry {
    fn id(&self) -> u64;

    fn is_named(&self, name: &str) -> bool;

    /// Returns a token that is cancelled when the process has ended.
    fn ended(&self) -> &CancellationToken;

    /// Asks the process to end, and returns at once.
    fn request_stop(&self);
}

pub(crate) struct Registry<T>(Mutex<State<T>>);

struct State<T> {
    next_id: u64,
    entries: BTreeMap<u64, Arc<T>>,
    is_closed: bool,
}

impl<T> Default for Registry<T> {
    fn default() -> Self {
        Self(Mutex::new(State { next_id: 0, entries: BTreeMap::new(), is_closed: false }))
    }
}

impl<T: Entry> Registry<T> {
    /// Adds what `create` makes for a new number. As in Livy, a refused request uses up a number too.
    pub(crate) fn add(
        &self,
        name: Option<&str>,
        create: impl FnOnce(u64) -> Result<Arc<T>, Refusal>,
    ) -> Result<Arc<T>, Refusal> {
        let mut state = lock(&self.0);
        let id = state.admit(name)?;
        let entry = create(id)?;
        state.entries.insert(id, entry.clone());
        Ok(entry)
    }

    /// Finds an entry by number or name, since Livy accepts either in a path.
    pub(crate) fn find(&self, id_or_name: &str) -> Result<Arc<T>, Refusal> {
        let state = lock(&self.0);
        let found = match id_or_name.parse() {
            Ok(id) => state.entries.get(&id),
            Err(_) => state.named(id_or_name),
        };
        // Livy says "session" of a batch too.
        found.cloned().ok_or_else(|| Refusal::SessionNotFound(id_or_name.to_owned()))
    }

    /// Returns all entries, oldest first.
    pub(crate) fn all(&self) -> Vec<Arc<T>> {
        lock(&self.0).entries.values().cloned().collect()
    }

    /// Ends an entry, and returns when its process is gone.
    pub(crate) async fn delete(&self, entry: &T) {
        entry.request_stop();
        entry.ended().cancelled().await;
        self.forget(entry);
    }

    pub(crate) fn forget(&self, entry: &T) {
        let id = entry.id();
        lock(&self.0).entries.remove(&id);
    }

    /// Forgets an entry that has ended when Livy would.
    pub(crate) async fn forget_later(&self, entry: &T) {
        sleep(ENDED_RETENTION).await;
        self.forget(entry);
    }

    /// Refuses all requests to add an entry from now on, and asks every process to end. Returns all entries.
    pub(crate) fn close(&self) -> Vec<Arc<T>> {
        lock(&self.0).is_closed = true;
        let all = self.all();
        all.iter().for_each(|entry| entry.request_stop());
        all
    }

    /// Closes, and returns when every process is gone.
    pub(crate) async fn stop(&self) {
        for entry in self.close() {
            entry.ended().cancelled().await;
        }
    }
}

impl<T: Entry> State<T> {
    fn admit(&mut self, name: Option<&str>) -> Result<u64, Refusal> {
        let id = self.next_id;
        self.next_id += 1;
        if self.is_closed {
            return Err(Refusal::Rejected("the server is stopping".to_owned()));
        }
        let is_running = |entry: &&Arc<T>| !entry.ended().is_cancelled();
        if self.entries.values().filter(is_running).count() >= MAX_RUNNING {
            return Err(Refusal::TooMany);
        }
        match name {
            Some(name) if self.named(name).is_some() => Err(Refusal::Rejected(format!(
                "Duplicate session name: Some({name}) for session {id}"
            ))),
            _ => Ok(id),
        }
    }

    fn named(&self, name: &str) -> Option<&Arc<T>> {
        self.entries.values().find(|entry| entry.is_named(name))
    }
}
