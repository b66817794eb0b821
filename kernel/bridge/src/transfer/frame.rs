//! The frames in which a file goes, each of which is checked by its hash. Pure.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use sha2::{Digest, Sha256};

pub use crate::agent::link::frames::FRAME_BYTES;

/// A run of a file's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Where it begins.
    pub offset: u64,
    /// How many bytes it has.
    pub length: usize,
}

impl Frame {
    /// Where it ends.
    pub fn end(self) -> u64 {
        self.offset.saturating_add(self.length as u64)
    }
}

/// The frames of a file of this size.
pub fn frames(size: u64) -> impl Iterator<Item = Frame> {
    let starts = (0..size).step_by(FRAME_BYTES);
    starts.map(move |offset| {
        let rest = usize::try_from(size.saturating_sub(offset)).unwrap_or(FRAME_BYTES);
        Frame { offset, length: rest.min(FRAME_BYTES) }
    })
}

/// The hash by which both ends check a frame: SHA-256, in hexadecimal digits.
pub fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The frames that are still to go, of which several workers take one after the other.
pub struct Frames(Mutex<VecDeque<Frame>>);

impl Frames {
    /// All of these.
    pub fn new(frames: Vec<Frame>) -> Self {
        Self(Mutex::new(frames.into()))
    }

    /// Takes one.
    pub fn next(&self) -> Option<Frame> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_cover_every_byte_once() {
        let frame = FRAME_BYTES as u64;
        for size in [0, 1, frame - 1, frame, frame + 1, 5 * frame + 7] {
            let frames: Vec<Frame> = frames(size).collect();
            assert!(frames.windows(2).all(|pair| pair[0].end() == pair[1].offset));
            assert_eq!(frames.iter().map(|frame| frame.length as u64).sum::<u64>(), size);
        }
    }

    #[test]
    fn the_hash_is_sha_256() {
        let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hash(b""), of_nothing);
    }
}
