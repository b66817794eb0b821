use std::{collections::BTreeMap, time::Instant};

use tokio::sync::watch;

/// A server has not answered for a while, and is being asked again or waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// When the first request or wait began of those that have been in trouble since without a pause.
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

    /// Reports the reason, in words for the user. The trouble counts from when the report was made, or
    /// from before that if others are in trouble already: a request that follows one that has failed
    /// does not begin a new outage.
    pub fn update(&self, reason: String) {
        self.troubles.send_modify(|troubles| {
            let earlier = troubles.longest().map_or(self.since, |longest| longest.since);
            let trouble = Trouble { since: self.since.min(earlier), reason };
            troubles.0.insert(self.id, trouble);
        });
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

    #[test]
    fn an_outage_lasts_from_its_first_request_until_none_is_in_trouble() {
        let troubles = watch::Sender::new(Troubles::default());
        let since = || troubles.borrow().longest().map(|trouble| trouble.since);
        let first = TroubleReport::new(&troubles, 1);
        first.update("reset".into());
        let begun = since();
        let second = TroubleReport::new(&troubles, 2);
        second.update("refused".into());
        drop(first);
        assert_eq!(since(), begun);
        second.update("no answer".into());
        assert_eq!(since(), begun);
        drop(second);
        let third = TroubleReport::new(&troubles, 3);
        third.update("reset".into());
        assert!(since() > begun);
    }
}
