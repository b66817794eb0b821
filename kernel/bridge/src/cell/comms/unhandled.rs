//! Which of the frontends' messages have not been handled: a cell that was sent behind some runs after them.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::watch;

/// A message's place among the frontends' messages, or a cell's between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(u64);

/// The messages that have not been handled.
#[derive(Debug, Default)]
pub(super) struct UnhandledMessages {
    places: Arc<watch::Sender<BTreeSet<Place>>>,
    next: AtomicU64,
}

/// Stands for a message until it has been handled, refused or lost: then its last clone is dropped.
pub(super) type Unhandled = Arc<Message>;

#[derive(Debug)]
pub(super) struct Message {
    place: Place,
    places: Arc<watch::Sender<BTreeSet<Place>>>,
}

impl Drop for Message {
    fn drop(&mut self) {
        self.places.send_if_modified(|places| places.remove(&self.place));
    }
}

impl UnhandledMessages {
    /// Adds a message after all others.
    pub fn add(&self) -> Unhandled {
        let place = Place(self.next.fetch_add(1, Ordering::Relaxed));
        self.places.send_if_modified(|places| places.insert(place));
        Arc::new(Message { place, places: Arc::clone(&self.places) })
    }

    /// The place after all messages that have come.
    pub fn end(&self) -> Place {
        Place(self.next.load(Ordering::Relaxed))
    }

    /// Waits until all messages before this place have been handled.
    pub async fn handled_before(&self, end: Place) {
        let mut places = self.places.subscribe();
        // It fails never, since the sender is here.
        let _ = places.wait_for(|places| places.first().is_none_or(|first| *first >= end)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::{future::ready, pin::pin};

    use super::*;

    async fn is_over(waiting: impl Future<Output = ()>) -> bool {
        tokio::select! {
            biased;
            () = waiting => true,
            () = ready(()) => false,
        }
    }

    #[tokio::test]
    async fn a_cell_waits_for_the_messages_before_it_alone() {
        let messages = UnhandledMessages::default();
        let (first, second) = (messages.add(), messages.add());
        let cell = messages.end();
        let _third = messages.add();
        let mut handled = pin!(messages.handled_before(cell));
        drop(second);
        assert!(!is_over(&mut handled).await);
        let again = Unhandled::clone(&first);
        drop(first);
        assert!(!is_over(&mut handled).await);
        drop(again);
        assert!(is_over(&mut handled).await);
    }

    #[tokio::test]
    async fn without_messages_nothing_waits() {
        let messages = UnhandledMessages::default();
        drop(messages.add());
        assert!(is_over(messages.handled_before(messages.end())).await);
    }
}
