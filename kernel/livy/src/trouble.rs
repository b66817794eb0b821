use std::{collections::BTreeMap, time::Instant};

use tokio::sync::watch;

/// A server that has not answered for a while, and is being asked again or waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Since when.
    pub since: Instant,
    /// Why, to a person.
    pub reason: String,
}

/// The requests that are in trouble now.
#[derive(Clone, Debug, Default)]
pub struct Troubles(BTreeMap<u64, Trouble>);

impl Troubles {
    /// The one that has lasted longest.
    pub fn longest(&self) -> Option<&Trouble> {
        self.0.values().min_by_key(|trouble| trouble.since)
    }
}

/// One request's word on its trouble, which is over however the request ends.
pub(crate) struct Telling<'a> {
    troubles: &'a watch::Sender<Troubles>,
    request: u64,
    since: Instant,
}

impl<'a> Telling<'a> {
    /// Nothing is told yet. No two requests have the same number.
    pub fn new(troubles: &'a watch::Sender<Troubles>, request: u64) -> Self {
        Self { troubles, request, since: Instant::now() }
    }

    pub fn tell(&self, reason: String) {
        let trouble = Trouble { since: self.since, reason };
        self.troubles.send_modify(|troubles| drop(troubles.0.insert(self.request, trouble)));
    }
}

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        self.troubles.send_if_modified(|troubles| troubles.0.remove(&self.request).is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_one_request_leaves_the_trouble_of_another() {
        let troubles = watch::Sender::new(Troubles::default());
        let first = Telling::new(&troubles, 1);
        let second = Telling::new(&troubles, 2);
        first.tell("reset".into());
        second.tell("refused".into());
        let longest = || troubles.borrow().longest().map(|trouble| trouble.reason.clone());
        assert_eq!(longest().as_deref(), Some("reset"));
        drop(first);
        assert_eq!(longest().as_deref(), Some("refused"));
        drop(second);
        assert_eq!(longest(), None);
    }
}
