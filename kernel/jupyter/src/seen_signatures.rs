//! Remembers the signatures of received messages, so that none is accepted twice, as the
//! [wire protocol](https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol)
//! recommends: a listener on the network must not run a cell by sending it again.

use std::collections::{HashSet, VecDeque};

/// How many signatures are remembered: as many as jupyter_client remembers.
const MAX_SIGNATURES: usize = 1 << 16;

/// The first half of a signature, which is as unique as the whole.
type Digest = [u8; 16];

#[derive(Default)]
pub(crate) struct SeenSignatures {
    digests: HashSet<Digest>,
    order: VecDeque<Digest>,
}

impl SeenSignatures {
    /// Adds a signature; returns false if it was there. One that is too short is never remembered.
    pub fn insert(&mut self, signature: &[u8]) -> bool {
        let Some(&digest) = signature.first_chunk() else {
            return true;
        };
        let is_new = self.digests.insert(digest);
        if is_new {
            self.order.push_back(digest);
        }
        if self.order.len() > MAX_SIGNATURES
            && let Some(oldest) = self.order.pop_front()
        {
            self.digests.remove(&oldest);
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(n: usize) -> Vec<u8> {
        n.to_be_bytes().repeat(4)
    }

    #[test]
    fn a_signature_is_new_once() {
        let mut seen = SeenSignatures::default();
        assert!(seen.insert(&signature(1)) && seen.insert(&signature(2)));
        assert!(!seen.insert(&signature(1)) && !seen.insert(&signature(2)));
    }

    #[test]
    fn only_the_oldest_is_forgotten() {
        let mut seen = SeenSignatures::default();
        assert!((0..=MAX_SIGNATURES).all(|n| seen.insert(&signature(n))));
        assert!(!seen.insert(&signature(1)) && !seen.insert(&signature(MAX_SIGNATURES)));
        assert!(seen.insert(&signature(0)));
        assert_eq!((seen.digests.len(), seen.order.len()), (MAX_SIGNATURES, MAX_SIGNATURES));
    }
}
