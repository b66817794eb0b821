//! Follows a peer's [ZMTP 3.0](https://rfc.zeromq.org/spec/23/) frame by frame, and refuses one by its
//! length alone, before memory is reserved for it. Pure.

use thiserror::Error;

/// How many bytes the frames of one message may have together. Frontends send a few kilobytes.
pub(super) const MAX_MESSAGE_BYTES: u64 = 64 << 20;
/// How many bytes a frame counts in addition to its own, so that empty ones count too.
const FRAME_OVERHEAD_BYTES: u64 = 64;
/// A [greeting](https://rfc.zeromq.org/spec/23/#greeting) has this length…
pub(super) const GREETING_BYTES: usize = 64;
/// …and this first byte.
const SIGNATURE_BYTE: u8 = 0xff;

/// Bits of a frame's [flags](https://rfc.zeromq.org/spec/23/#framing).
const MORE: u8 = 1;
pub(super) const LONG: u8 = 2;
const COMMAND: u8 = 4;

/// Says why a peer is refused. The texts quote nothing from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum ProtocolError {
    #[error("it does not speak ZeroMQ")]
    NotZmtp,
    #[error("its message is larger than {} MB", MAX_MESSAGE_BYTES >> 20)]
    TooLarge,
}

/// How far a peer has got.
pub(super) struct Zmtp {
    state: State,
    /// How many bytes the frames of the current message claim so far.
    message: u64,
    ready: bool,
}

#[derive(Clone, Copy)]
enum State {
    Greeting { left: usize },
    Flags,
    Length { flags: u8, left: u8, length: u64 },
    Body { flags: u8, left: u64 },
}

impl Zmtp {
    pub fn new() -> Self {
        Self { state: State::Greeting { left: GREETING_BYTES }, message: 0, ready: false }
    }

    /// Whether the peer has sent its first frame, `READY`, after which it may send messages.
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// Whether the next byte begins a message of a peer that is ready.
    pub fn is_between_messages(&self) -> bool {
        self.ready && self.message == 0 && matches!(self.state, State::Flags)
    }

    /// Follows the next bytes up to the end of `READY`, and returns how many of them belong to the handshake.
    ///
    /// # Errors
    ///
    /// Those of [`follow`](Self::follow).
    pub fn follow_handshake(&mut self, bytes: &[u8]) -> Result<usize, ProtocolError> {
        for (at, byte) in bytes.iter().enumerate() {
            if self.ready {
                return Ok(at);
            }
            self.follow(std::slice::from_ref(byte))?;
        }
        Ok(bytes.len())
    }

    /// Follows the next bytes, cut anywhere.
    ///
    /// # Errors
    ///
    /// Fails if the peer does not speak ZMTP or claims too much; it must not be followed further.
    pub fn follow(&mut self, mut bytes: &[u8]) -> Result<(), ProtocolError> {
        while let Some((&first, rest)) = bytes.split_first() {
            bytes = match self.state {
                State::Greeting { left } => self.greeting(left, first, bytes)?,
                State::Flags => {
                    let left = if first & LONG == 0 { 1 } else { 8 };
                    self.state = State::Length { flags: first, left, length: 0 };
                    rest
                }
                State::Length { flags, left, length } => {
                    self.length(flags, left - 1, length << 8 | u64::from(first))?;
                    rest
                }
                State::Body { flags, left } => self.body(flags, left, bytes),
            };
        }
        Ok(())
    }

    fn greeting<'a>(
        &mut self,
        left: usize,
        first: u8,
        bytes: &'a [u8],
    ) -> Result<&'a [u8], ProtocolError> {
        if left == GREETING_BYTES && first != SIGNATURE_BYTE {
            return Err(ProtocolError::NotZmtp);
        }
        let (_, rest) = bytes.split_at(left.min(bytes.len()));
        self.state = match left - (bytes.len() - rest.len()) {
            0 => State::Flags,
            left => State::Greeting { left },
        };
        Ok(rest)
    }

    fn length(&mut self, flags: u8, left: u8, length: u64) -> Result<(), ProtocolError> {
        if left > 0 {
            self.state = State::Length { flags, left, length };
            return Ok(());
        }
        // A command counts by itself, even between the frames of a message.
        let before = if flags & COMMAND == 0 { self.message } else { 0 };
        let claimed = before.saturating_add(FRAME_OVERHEAD_BYTES).saturating_add(length);
        if claimed > MAX_MESSAGE_BYTES {
            return Err(ProtocolError::TooLarge);
        }
        if flags & COMMAND == 0 {
            self.message = claimed;
        }
        self.state = State::Body { flags, left: length };
        if length == 0 {
            self.end_frame(flags);
        }
        Ok(())
    }

    fn body<'a>(&mut self, flags: u8, left: u64, bytes: &'a [u8]) -> &'a [u8] {
        let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        match left - taken as u64 {
            0 => self.end_frame(flags),
            left => self.state = State::Body { flags, left },
        }
        &bytes[taken..]
    }

    fn end_frame(&mut self, flags: u8) {
        self.state = State::Flags;
        self.ready = true;
        if flags & (COMMAND | MORE) == 0 {
            self.message = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting() -> Vec<u8> {
        let mut greeting = vec![0; GREETING_BYTES];
        greeting[0] = SIGNATURE_BYTE;
        greeting
    }

    fn frame(flags: u8, length: u64) -> Vec<u8> {
        let mut frame = head(flags, length);
        frame.resize(frame.len() + usize::try_from(length).unwrap(), 7);
        frame
    }

    fn head(flags: u8, length: u64) -> Vec<u8> {
        match u8::try_from(length) {
            Ok(short) => vec![flags, short],
            Err(_) => [&[flags | LONG][..], &length.to_be_bytes()].concat(),
        }
    }

    fn follow(wire: &[Vec<u8>]) -> Result<(), ProtocolError> {
        Zmtp::new().follow(&wire.concat())
    }

    #[test]
    fn a_peer_is_ready_after_its_greeting_and_first_frame_in_pieces_of_any_size() {
        let wire = [greeting(), frame(COMMAND, 26), frame(MORE, 300), frame(0, 5)].concat();
        for size in 1..100 {
            let mut zmtp = Zmtp::new();
            let mut seen = 0;
            for piece in wire.chunks(size) {
                zmtp.follow(piece).unwrap();
                seen += piece.len();
                assert_eq!(zmtp.is_ready(), seen >= 64 + 28, "{seen} in pieces of {size}");
            }
        }
    }

    #[test]
    fn the_handshake_ends_with_the_first_frame_wherever_the_bytes_are_cut() {
        let wire = [greeting(), frame(COMMAND, 26), frame(MORE, 300), frame(0, 5)].concat();
        for size in 1..400 {
            let (mut zmtp, mut handshake) = (Zmtp::new(), 0);
            for piece in wire.chunks(size) {
                let length = zmtp.follow_handshake(piece).unwrap();
                assert!(!zmtp.is_between_messages() || zmtp.is_ready());
                zmtp.follow(&piece[length..]).unwrap();
                handshake += length;
            }
            assert_eq!((handshake, zmtp.is_between_messages()), (64 + 28, true), "{size}");
        }
        let mut zmtp = Zmtp::new();
        zmtp.follow(&[greeting(), frame(COMMAND, 26), frame(MORE, 3)].concat()).unwrap();
        assert!(!zmtp.is_between_messages(), "a message goes on");
    }

    #[test]
    fn a_peer_that_does_not_speak_zeromq_is_known_by_the_first_byte() {
        assert_eq!(follow(&[b"GET / HTTP/1.1".to_vec()]), Err(ProtocolError::NotZmtp));
        assert_eq!(follow(&[vec![0xff]]), Ok(()));
    }

    #[test]
    fn a_giant_frame_is_refused_by_its_length_alone() {
        for flags in [0, MORE, COMMAND] {
            for length in [MAX_MESSAGE_BYTES, 1 << 40, u64::MAX >> 1, u64::MAX] {
                let wire = [greeting(), frame(COMMAND, 26), head(flags, length)];
                assert_eq!(follow(&wire), Err(ProtocolError::TooLarge), "{length}");
            }
        }
        assert_eq!(
            follow(&[greeting(), head(0, MAX_MESSAGE_BYTES - FRAME_OVERHEAD_BYTES)]),
            Ok(())
        );
    }

    #[test]
    fn many_frames_of_one_message_count_together_and_empty_ones_too() {
        let most = usize::try_from(MAX_MESSAGE_BYTES / FRAME_OVERHEAD_BYTES).unwrap();
        let frames = |count: usize| [greeting(), frame(MORE, 0).repeat(count)];
        assert_eq!(follow(&frames(most)), Ok(()));
        assert_eq!(follow(&frames(most + 1)), Err(ProtocolError::TooLarge));
        let half = frame(MORE, MAX_MESSAGE_BYTES / 2);
        assert_eq!(follow(&[greeting(), half.clone(), half.clone()]), Err(ProtocolError::TooLarge));
        // A command between them does not help.
        let wire = [greeting(), half.clone(), frame(COMMAND, 26), half];
        assert_eq!(follow(&wire), Err(ProtocolError::TooLarge));
    }

    #[test]
    fn whatever_is_sent_it_is_judged_the_same_in_pieces_of_any_size() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..20_000 {
            let flags = [0, MORE, COMMAND, LONG, MORE | LONG];
            let mut wire = greeting();
            for _ in 0..random.usize(..6) {
                let flags = *random.choice(&flags).unwrap();
                let length = random.u64(..400) << random.choice(&[0, 0, 0, 20, 56]).unwrap();
                wire.extend(head(flags, length));
                let noise = random.usize(..400);
                wire.extend(std::iter::repeat_with(|| random.u8(..)).take(noise));
            }
            let mut zmtp = Zmtp::new();
            let whole = zmtp.follow(&wire);
            let mut pieces = Zmtp::new();
            let mut rest = &wire[..];
            let mut judged = Ok(());
            while judged.is_ok() && !rest.is_empty() {
                let (piece, later) = rest.split_at(random.usize(1..=rest.len()));
                judged = pieces.follow(piece);
                rest = later;
            }
            assert_eq!(judged, whole);
            assert_eq!(pieces.message, zmtp.message);
            assert!(zmtp.message <= MAX_MESSAGE_BYTES);
        }
    }

    #[test]
    fn every_message_is_counted_from_zero() {
        let large = frame(0, MAX_MESSAGE_BYTES / 2);
        assert_eq!(follow(&[greeting(), large.clone(), large.clone(), large]), Ok(()));
    }
}
