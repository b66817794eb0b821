//! Splits and joins the frames of a message, without any socket:
//! <https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol>.

use bytes::Bytes;
use thiserror::Error;

const DELIMITER: &[u8] = b"<IDS|MSG>";

/// The frames of one message, by their meaning.
pub(crate) struct Frames {
    /// The route to the peer; on iopub the topic.
    pub identities: Vec<Bytes>,
    /// The hex signature over `parts`.
    pub signature: Bytes,
    /// `header`, `parent_header`, `metadata` and `content`, each JSON.
    pub parts: [Bytes; 4],
    /// The raw buffers after the content, unsigned.
    pub buffers: Vec<Bytes>,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum FrameError {
    #[error("no delimiter frame among {frames} frames")]
    NoDelimiter { frames: usize },
    #[error("{found} frames after the delimiter, at least 5 are needed")]
    TooFew { found: usize },
}

impl Frames {
    pub fn split(frames: &[Bytes]) -> Result<Self, FrameError> {
        let at = frames
            .iter()
            .position(|frame| frame == DELIMITER)
            .ok_or(FrameError::NoDelimiter { frames: frames.len() })?;
        let (identities, rest) = frames.split_at(at);
        let [_, signature, header, parent_header, metadata, content, buffers @ ..] = rest else {
            return Err(FrameError::TooFew { found: rest.len() - 1 });
        };
        Ok(Self {
            identities: identities.to_vec(),
            signature: signature.clone(),
            parts: [header.clone(), parent_header.clone(), metadata.clone(), content.clone()],
            buffers: buffers.to_vec(),
        })
    }

    pub fn join(self) -> Vec<Bytes> {
        let mut frames = self.identities;
        frames.push(Bytes::from_static(DELIMITER));
        frames.push(self.signature);
        frames.extend(self.parts);
        frames.extend(self.buffers);
        frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(texts: &[&'static str]) -> Vec<Bytes> {
        texts.iter().map(|text| Bytes::from_static(text.as_bytes())).collect()
    }

    #[test]
    fn identities_and_buffers_of_any_number_surround_the_message() {
        let wire = frames(&["a", "b", "<IDS|MSG>", "sig", "h", "p", "m", "c", "x", "<IDS|MSG>"]);
        let split = Frames::split(&wire).unwrap();
        assert_eq!(split.identities, frames(&["a", "b"]));
        assert_eq!(split.signature, "sig");
        assert_eq!(split.parts.as_slice(), frames(&["h", "p", "m", "c"]));
        assert_eq!(split.buffers, frames(&["x", "<IDS|MSG>"]));
        assert_eq!(split.join(), wire);
    }

    #[test]
    fn frames_are_counted_before_they_are_read() {
        let whole = frames(&["id", "<IDS|MSG>", "sig", "h", "p", "m", "c"]);
        assert!(Frames::split(&whole).is_ok());
        for kept in 2..whole.len() {
            let error = Frames::split(&whole[..kept]).err();
            assert_eq!(error, Some(FrameError::TooFew { found: kept - 2 }));
        }
    }

    #[test]
    fn frames_without_a_delimiter_are_no_message() {
        for wire in [frames(&[]), frames(&["", "", "", "", "", "", ""])] {
            let error = Frames::split(&wire).err();
            assert_eq!(error, Some(FrameError::NoDelimiter { frames: wire.len() }));
        }
    }
}
