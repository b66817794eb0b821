//! Keeps the order of each stream while large messages are on their way: those behind one in its stream
//! wait for it, and those of other streams do not. Pure.

use std::collections::{HashMap, VecDeque};

/// The streams in which something is on its way.
#[derive(Debug)]
pub struct Lanes<T> {
    lanes: HashMap<String, VecDeque<Slot<T>>>,
    next: u64,
}

/// Stands for a message that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

#[derive(Debug)]
enum Slot<T> {
    Here(T),
    Awaited(Ticket),
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self { lanes: HashMap::new(), next: 0 }
    }
}

impl<T> Lanes<T> {
    /// Adds a message. Returns it if nothing before it in its stream is on its way.
    pub fn add(&mut self, stream: &str, message: T) -> Option<T> {
        match self.lanes.get_mut(stream) {
            Some(lane) => {
                lane.push_back(Slot::Here(message));
                None
            }
            None => Some(message),
        }
    }

    /// Adds a message that is on its way.
    pub fn expect(&mut self, stream: &str) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        self.lanes.entry(stream.to_owned()).or_default().push_back(Slot::Awaited(ticket));
        ticket
    }

    /// Notes that a message has come, or will not. Returns those of its stream that wait for nothing now.
    pub fn arrive(&mut self, stream: &str, ticket: Ticket, message: Option<T>) -> Vec<T> {
        let Some(lane) = self.lanes.get_mut(stream) else { return Vec::new() };
        let is_it = |slot: &Slot<T>| matches!(slot, Slot::Awaited(awaited) if *awaited == ticket);
        if let Some(at) = lane.iter().position(is_it) {
            match message {
                Some(message) => lane[at] = Slot::Here(message),
                None => drop(lane.remove(at)),
            }
        }
        let mut free = Vec::new();
        while let Some(Slot::Here(_)) = lane.front() {
            free.extend(lane.pop_front().and_then(|slot| match slot {
                Slot::Here(message) => Some(message),
                Slot::Awaited(_) => None,
            }));
        }
        if lane.is_empty() {
            self.lanes.remove(stream);
        }
        free
    }

    /// Whether nothing is on its way.
    #[cfg(test)]
    fn are_empty(&self) -> bool {
        self.lanes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [i32; 0] = [];

    #[test]
    fn a_message_waits_for_those_before_it_in_its_stream_alone() {
        let mut lanes = Lanes::default();
        assert_eq!(lanes.add("a", 1), Some(1));
        let large = lanes.expect("a");
        assert_eq!(lanes.add("a", 3), None);
        assert_eq!(lanes.add("b", 4), Some(4));
        assert_eq!(lanes.arrive("a", large, Some(2)), [2, 3]);
        assert!(lanes.are_empty());
        assert_eq!(lanes.add("a", 5), Some(5));
    }

    #[test]
    fn large_messages_of_a_stream_keep_their_order_whichever_comes_first() {
        let mut lanes = Lanes::default();
        let (first, second) = (lanes.expect("a"), lanes.expect("a"));
        assert_eq!(lanes.add("a", 3), None);
        assert_eq!(lanes.arrive("a", second, Some(2)), NONE);
        assert_eq!(lanes.arrive("a", first, Some(1)), [1, 2, 3]);
    }

    #[test]
    fn a_message_that_does_not_come_holds_up_nothing() {
        let mut lanes = Lanes::default();
        let (first, second) = (lanes.expect("a"), lanes.expect("a"));
        assert_eq!(lanes.add("a", 3), None);
        assert_eq!(lanes.arrive("a", first, None), NONE);
        assert_eq!(lanes.arrive("a", second, None), [3]);
        assert!(lanes.are_empty());
        assert_eq!(lanes.arrive("a", first, Some(9)), NONE);
    }
}
