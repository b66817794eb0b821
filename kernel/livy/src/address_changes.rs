//! Counts how often a server answers from another IP address than before.

use std::{
    net::IpAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// The address of the last answer, and how often it has changed.
#[derive(Debug, Default)]
pub(crate) struct AddressChanges {
    last: Mutex<Option<IpAddr>>,
    count: AtomicU64,
}

impl AddressChanges {
    /// Records the address that an answer came from.
    pub fn record(&self, address: IpAddr) {
        let before = self.last.lock().unwrap_or_else(PoisonError::into_inner).replace(address);
        if before.is_some_and(|before| before != address) {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_address_is_counted() {
        let changes = AddressChanges::default();
        let [one, two] = ["10.0.0.1", "10.0.0.2"].map(|address| address.parse().unwrap());
        [one, one].into_iter().for_each(|address| changes.record(address));
        assert_eq!(changes.count(), 0);
        [two, two].into_iter().for_each(|address| changes.record(address));
        assert_eq!(changes.count(), 1);
    }
}
