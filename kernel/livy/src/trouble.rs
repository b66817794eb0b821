use std::{collections::BTreeMap, time::Instant};

use tokio::sync::watch;

/// A server has not answered for a while, and is being asked again or waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// When the request or wait began that is in trouble.
    pub since: Instant,
    /// The reason, in words for the user.
    pub reason: String,
}

/// All requests that are in trouble at the moment.
#[derive(Clone, Debug, Default)]
pub struct Troubles(BTreeMap<u64, Trouble>);

impl Troubles {
    /// Returns the trouble that has lasted longest.
    pub fn longest(&self) -> Option<&Trouble> {
        self.0.values().min_by_key(|trouble| trouble.since)
    }
}

/// Reports one trouble to [`Client::troubles`](crate::Client::troubles) until it is dropped.
#[derive(Debug)]
#[must_use]
pub struct TroubleReport<'a> {
    troubles: &'a watch::Sender<Troubles>,
    id: u64,
    since: Instant,
}

impl<'a> TroubleReport<'a> {
    /// Reports nothing yet. No two reports may have the same id.
    pub(crate) fn new(troubles: &'a watch::Sender<Troubles>, id: u64) -> Self {
        Self { troubles, id, since: Instant::now() }
    }

    /// Reports the reason, in words for the user. The trouble counts from when the report was made.
    pub fn update(&self, reason: String) {
        let trouble = Trouble { since: self.since, reason };
        self.troubles.send_modify(|troubles| drop(troubles.0.insert(self.id, trouble)));
    }
}

impl Drop for TroubleReport<'_> {
    fn drop(&mut self) {
        self.troubles.send_if_modified(|troubles| troubles.0.remove(&self.id).is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_one_request_leaves_the_trouble_of_another() {
        let troubles = watch::Sender::new(Troubles::default());
        let first = TroubleReport::new(&troubles, 1);
        let second = TroubleReport::new(&troubles, 2);
        first.update("reset".into());
        second.update("refused".into());
        let longest = || troubles.borrow().longest().map(|trouble| trouble.reason.clone());
        assert_eq!(longest().as_deref(), Some("reset"));
        drop(first);
        assert_eq!(longest().as_deref(), Some("refused"));
        drop(second);
        assert_eq!(longest(), None);
    }
}
