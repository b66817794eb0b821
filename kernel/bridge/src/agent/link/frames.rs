//! A message's parts as one run of bytes, and that run in frames. Pure.

use std::{collections::BTreeSet, ops::Range};

/// The bytes of a frame. Livy passes no answer of 50 MB on, and never ends its job; in Base64 twice, a
/// frame has 5.4 MB.
pub const FRAME_BYTES: usize = 3 << 20;

/// The parts of a message, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// The length of each part.
    pub sizes: Vec<usize>,
    /// The parts.
    pub body: Vec<u8>,
}

impl Packed {
    /// Packs parts.
    pub fn of(parts: &[&[u8]]) -> Self {
        Self { sizes: parts.iter().map(|part| part.len()).collect(), body: parts.concat() }
    }

    /// Returns the parts, or `None` if the body does not have their lengths.
    pub fn parts(&self) -> Option<Vec<Vec<u8>>> {
        let mut rest = &self.body[..];
        let mut parts = Vec::new();
        for &size in &self.sizes {
            let (part, after) = rest.split_at_checked(size)?;
            parts.push(part.to_vec());
            rest = after;
        }
        rest.is_empty().then_some(parts)
    }
}

/// The places of the frames of so many bytes.
pub fn frames(size: usize) -> Vec<Range<usize>> {
    let starts = (0..size).step_by(FRAME_BYTES);
    starts.map(|start| start..size.min(start.saturating_add(FRAME_BYTES))).collect()
}

/// A run of bytes of which frames come, in any order.
#[derive(Debug)]
pub struct Assembly {
    body: Vec<u8>,
    /// Where the frames begin that have not come.
    missing: BTreeSet<usize>,
}

impl Assembly {
    /// Of so many bytes, none has come.
    pub fn new(size: usize) -> Self {
        let missing = frames(size).into_iter().map(|frame| frame.start).collect();
        Self { body: vec![0; size], missing }
    }

    /// Adds a frame, which may have come before; returns false if it does not have its length.
    pub fn add(&mut self, frame: Range<usize>, bytes: &[u8]) -> bool {
        match self.body.get_mut(frame.clone()) {
            Some(place) if place.len() == bytes.len() => place.copy_from_slice(bytes),
            _ => return false,
        }
        self.missing.remove(&frame.start);
        true
    }

    /// Returns the bytes, if all have come.
    pub fn whole(self) -> Option<Vec<u8>> {
        self.missing.is_empty().then_some(self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_unpacked_as_they_were_packed() {
        for parts in [&[][..], &[&b"{}"[..]], &[&b"{}"[..], b"", b"\0\xff", b""]] {
            assert_eq!(Packed::of(parts).parts().unwrap(), parts);
        }
    }

    #[test]
    fn a_body_of_another_length_is_refused() {
        for sizes in [vec![2, 2], vec![2], vec![usize::MAX, 3], vec![]] {
            assert_eq!(Packed { sizes, body: b"abc".to_vec() }.parts(), None);
        }
    }

    #[test]
    fn frames_cover_every_byte_once() {
        for size in [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 5 * FRAME_BYTES + 7] {
            let frames = frames(size);
            assert!(frames.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert!(frames.iter().all(|frame| (1..=FRAME_BYTES).contains(&frame.len())));
            assert_eq!(frames.iter().map(Range::len).sum::<usize>(), size);
        }
    }

    #[test]
    fn frames_come_in_any_order_and_more_than_once() {
        let bytes: Vec<u8> = (0..=255).cycle().take(2 * FRAME_BYTES + 5).collect();
        let mut assembly = Assembly::new(bytes.len());
        for index in [2, 0, 2, 1, 0] {
            let frame = frames(bytes.len())[index].clone();
            assert!(assembly.add(frame.clone(), &bytes[frame]));
        }
        assert!(assembly.whole().unwrap() == bytes);
    }

    #[test]
    fn what_is_incomplete_or_of_another_length_is_not_whole() {
        let mut assembly = Assembly::new(FRAME_BYTES + 1);
        assert!(assembly.add(FRAME_BYTES..FRAME_BYTES + 1, b"x"));
        assert!(!assembly.add(0..FRAME_BYTES, b"short"));
        assert!(!assembly.add(usize::MAX - 1..usize::MAX, b"x"));
        assert!(assembly.whole().is_none());
    }
}
