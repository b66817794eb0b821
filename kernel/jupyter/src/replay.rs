//! The signatures that were seen, so that no message counts twice, as
//! [jupyter_client](https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol)
//! sees to it: whoever can read along must not run a cell again by sending it again.

use std::collections::{HashSet, VecDeque};

/// How many are remembered; as many as jupyter_client does.
const REMEMBERED: usize = 1 << 16;

/// The first half of a signature, which is as unlike the others as the whole.
type Digest = [u8; 16];

#[derive(Default)]
pub(crate) struct Seen {
    digests: HashSet<Digest>,
    order: VecDeque<Digest>,
}

impl Seen {
    /// Whether this signature has not been seen yet. From now on it has.
    pub fn is_new(&mut self, signature: &[u8]) -> bool {
        let Some(&digest) = signature.first_chunk() else {
            return true;
        };
        let new = self.digests.insert(digest);
        if new {
            self.order.push_back(digest);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.digests.remove(&oldest);
        }
        new
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
        let mut seen = Seen::default();
        assert!(seen.is_new(&signature(1)) && seen.is_new(&signature(2)));
        assert!(!seen.is_new(&signature(1)) && !seen.is_new(&signature(2)));
    }

    #[test]
    fn only_the_oldest_is_forgotten() {
        let mut seen = Seen::default();
        assert!((0..=REMEMBERED).all(|n| seen.is_new(&signature(n))));
        assert!(!seen.is_new(&signature(1)) && !seen.is_new(&signature(REMEMBERED)));
        assert!(seen.is_new(&signature(0)));
        assert_eq!((seen.digests.len(), seen.order.len()), (REMEMBERED, REMEMBERED));
    }
}
