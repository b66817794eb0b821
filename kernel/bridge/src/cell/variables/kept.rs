//! What `-o` has kept in the session, and the Python of this machine does not have yet.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use livy_client::Identity;

use crate::language::{python_syntax, sql::KeptOutput};

/// The variables by their names, with the session of each.
#[derive(Clone, Default)]
pub struct KeptVariables(Arc<Mutex<BTreeMap<String, (KeptOutput, Identity)>>>);

impl KeptVariables {
    /// Notes a variable.
    pub fn note(&self, output: KeptOutput, session: Identity) {
        self.lock().insert(output.name.clone(), (output, session));
    }

    /// Forgets a variable, since this machine has one of its name.
    pub fn forget(&self, name: &str) {
        self.lock().remove(name);
    }

    /// Returns the variables that Python code reads or sets. Those of another session are gone.
    pub fn read_by(&self, code: &str, session: &Identity) -> Vec<KeptOutput> {
        let mut kept = self.lock();
        kept.retain(|_, (_, of)| of == session);
        if kept.is_empty() {
            return Vec::new();
        }
        let names = python_syntax::names(code);
        let read = kept.values().filter(|(output, _)| names.contains(output.name.as_str()));
        read.map(|(output, _)| output.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, (KeptOutput, Identity)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
