//! What a server has many of, sessions or batches, by number and by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::refusal::Refusal;

/// Each takes a Java and some 400 MB: a client that creates them in a loop shall not take the machine.
/// Thirty notebooks of one person are none.
const MAX_RUNNING: usize = 32;

pub(crate) struct Registry<T> {
    next_id: u64,
    entries: BTreeMap<u64, Arc<T>>,
    closed: bool,
}

pub(crate) trait Entry {
    fn is_named(&self, name: &str) -> bool;
    /// Its process has ended.
    fn is_gone(&self) -> bool;
}

impl<T> Default for Registry<T> {
    fn default() -> Self {
        Self { next_id: 0, entries: BTreeMap::new(), closed: false }
    }
}

impl<T: Entry> Registry<T> {
    /// A number for a new one. As in Livy, one that is refused has used up a number too.
    pub(crate) fn admit(&mut self, name: Option<&str>) -> Result<u64, Refusal> {
        let id = self.next_id;
        self.next_id += 1;
        if self.closed {
            return Err(Refusal::Rejected("the server is stopping".to_owned()));
        }
        if self.entries.values().filter(|entry| !entry.is_gone()).count() >= MAX_RUNNING {
            return Err(Refusal::TooMany);
        }
        match name {
            Some(name) if self.named(name).is_some() => Err(Refusal::Rejected(format!(
                "Duplicate session name: Some({name}) for session {id}"
            ))),
            _ => Ok(id),
        }
    }

    pub(crate) fn insert(&mut self, id: u64, entry: Arc<T>) {
        self.entries.insert(id, entry);
    }

    /// By number or name, wherever Livy takes either. It calls batches sessions when they are missing.
    pub(crate) fn find(&self, id_or_name: &str) -> Result<Arc<T>, Refusal> {
        let found = match id_or_name.parse() {
            Ok(id) => self.entries.get(&id),
            Err(_) => self.named(id_or_name),
        };
        found.cloned().ok_or_else(|| Refusal::SessionNotFound(id_or_name.to_owned()))
    }

    pub(crate) fn all(&self) -> Vec<Arc<T>> {
        self.entries.values().cloned().collect()
    }

    pub(crate) fn forget(&mut self, id: u64) {
        self.entries.remove(&id);
    }

    /// Nothing is admitted from now on.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    fn named(&self, name: &str) -> Option<&Arc<T>> {
        self.entries.values().find(|entry| entry.is_named(name))
    }
}
