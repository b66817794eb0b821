use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use serde::Serialize;
use thiserror::Error;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    PROTOCOL_VERSION,
    frame::{FrameError, Frames},
    message::{Message, Parent, RawMessage},
    seen_signatures::SeenSignatures,
    signature::{Signer, Verification},
};

/// How large a received header may be: everything that its message causes repeats it.
const MAX_HEADER_BYTES: usize = 64 << 10;

/// The kernel's [session](https://jupyter-client.readthedocs.io/en/stable/messaging.html#message-header):
/// one id on all channels, and the key that frontends share. Turns contents into signed frames, and
/// frames into messages whose signature is right.
pub(crate) struct Session {
    pub id: String,
    /// Begins the ids of messages.
    prefix: String,
    signer: Signer,
    seen: Mutex<SeenSignatures>,
    sent: AtomicU64,
}

/// A message ready to be sent, and the id that its answer will name as its parent.
pub(crate) struct Packed {
    pub frames: Vec<Bytes>,
    pub msg_id: String,
}

/// Says why a received message is dropped. The texts quote nothing from it.
#[derive(Debug, Error)]
pub(crate) enum Refused {
    #[error(transparent)]
    Frames(#[from] FrameError),
    #[error("its signature does not match the connection file's key")]
    Signature,
    #[error("it has been received before")]
    Replayed,
    #[error("its header is larger than {} KB", MAX_HEADER_BYTES >> 10)]
    LargeHeader,
    #[error("its header is not a JSON object with a msg_type")]
    Header,
}

#[derive(Serialize)]
struct OwnHeader<'a> {
    msg_id: &'a str,
    session: &'a str,
    username: &'a str,
    date: String,
    msg_type: &'a str,
    version: &'a str,
}

impl Session {
    pub fn new(key: &str) -> Self {
        let id = Uuid::new_v4().simple().to_string();
        Self {
            prefix: id.clone(),
            id,
            signer: Signer::new(key),
            seen: Mutex::default(),
            sent: AtomicU64::new(0),
        }
    }

    /// The same, for a frontend that keeps its id when it starts again. Its messages have ids of their own.
    pub fn of_frontend(self, id: &str) -> Self {
        Self { id: id.to_owned(), ..self }
    }

    /// Makes the frames of a message. `identities` come first on the wire: the route of a reply, the
    /// topic of a publication.
    ///
    /// # Errors
    ///
    /// Fails if the content cannot be written as JSON.
    pub fn pack(
        &self,
        identities: Vec<Bytes>,
        msg_type: &str,
        parent: &Parent,
        content: &impl Serialize,
    ) -> Result<Packed, serde_json::Error> {
        let (metadata, content) = (b"{}".to_vec(), serde_json::to_vec(content)?);
        let msg_type = msg_type.to_owned();
        self.pack_raw(
            identities,
            parent,
            RawMessage { msg_type, metadata, content, buffers: Vec::new() },
        )
    }

    /// Makes the frames of a message whose parts are written already.
    ///
    /// # Errors
    ///
    /// Fails if the header cannot be written as JSON.
    pub fn pack_raw(
        &self,
        identities: Vec<Bytes>,
        parent: &Parent,
        raw: RawMessage,
    ) -> Result<Packed, serde_json::Error> {
        let msg_id = format!("{}_{}", self.prefix, self.sent.fetch_add(1, Ordering::Relaxed));
        let parts = [
            serde_json::to_vec(&self.header(&msg_id, &raw.msg_type))?.into(),
            parent.0.clone(),
            raw.metadata.into(),
            raw.content.into(),
        ];
        let signature = self.signer.sign(&parts).into();
        let buffers = raw.buffers.into_iter().map(Bytes::from).collect();
        let frames = Frames { identities, signature, parts, buffers }.join();
        Ok(Packed { frames, msg_id })
    }

    /// Checks and reads the frames of a message; its identities come along.
    ///
    /// # Errors
    ///
    /// Fails if frames are missing, the signature is wrong or was seen before, or the header is too
    /// large or no JSON.
    pub fn unpack(&self, frames: &[Bytes]) -> Result<(Vec<Bytes>, Message), Refused> {
        let Frames { identities, signature, parts, buffers } = Frames::split(frames)?;
        match self.signer.verify(&parts, &signature) {
            Verification::Invalid => return Err(Refused::Signature),
            Verification::Valid(signature) if !self.is_new(&signature) => {
                return Err(Refused::Replayed);
            }
            Verification::Valid(_) | Verification::NoKey => {}
        }
        if parts[0].len() > MAX_HEADER_BYTES {
            return Err(Refused::LargeHeader);
        }
        let message = Message::parse(parts, buffers).ok_or(Refused::Header)?;
        Ok((identities, message))
    }

    fn is_new(&self, signature: &[u8]) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(signature)
    }

    /// Builds a header of the kernel's own: nothing in it comes from a client.
    fn header<'a>(&'a self, msg_id: &'a str, msg_type: &'a str) -> OwnHeader<'a> {
        OwnHeader {
            msg_id,
            session: &self.id,
            username: "kernel",
            date: date(OffsetDateTime::now_utc()),
            msg_type,
            version: PROTOCOL_VERSION,
        }
    }
}

/// Writes ISO 8601 as jupyter_client reads it: a date with more than six digits after the point, or
/// without an offset, would stay a string there.
fn date(utc: OffsetDateTime) -> String {
    let (year, month, day) = utc.to_calendar_date();
    let (hour, minute, second, micro) = utc.to_hms_micro();
    format!(
        "{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micro:06}Z",
        u8::from(month)
    )
}

#[cfg(test)]
#[path = "fuzz.rs"]
mod fuzz;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::{Value, json};

    use super::*;

    fn pack(session: &Session) -> Packed {
        let parent = Parent(Bytes::from_static(br#"{"msg_id":"9","session":"theirs"}"#));
        session
            .pack(vec![Bytes::from_static(b"id")], "stream", &parent, &json!({"text": "ä"}))
            .unwrap()
    }

    fn header(packed: &Packed) -> Value {
        serde_json::from_slice(&packed.frames[3]).unwrap()
    }

    #[test]
    fn what_one_session_packs_another_with_the_same_key_unpacks() {
        let packed = pack(&Session::new("k"));
        let (identities, message) = Session::new("k").unpack(&packed.frames).unwrap();
        assert_eq!(identities, ["id"]);
        assert_eq!(message.msg_type(), "stream");
        assert_eq!(message.header.msg_id, packed.msg_id);
        assert_eq!(message.parent_msg_id().as_deref(), Some("9"));
        assert_eq!(message.content::<Value>().unwrap(), json!({"text": "ä"}));
    }

    #[test]
    fn another_key_is_refused() {
        let refused = Session::new("other").unpack(&pack(&Session::new("k")).frames).unwrap_err();
        assert!(matches!(refused, Refused::Signature));
    }

    #[test]
    fn a_message_that_comes_again_is_refused_also_in_other_letters_and_on_another_channel() {
        let packed = pack(&Session::new("k"));
        let session = Session::new("k");
        assert!(session.unpack(&packed.frames).is_ok());
        let mut again = packed.frames.clone();
        again[0] = Bytes::from_static(b"another route");
        again[2] = packed.frames[2].to_ascii_uppercase().into();
        for frames in [packed.frames, again] {
            assert!(matches!(session.unpack(&frames), Err(Refused::Replayed)));
        }
    }

    #[test]
    fn without_a_key_nothing_is_known_again() {
        let packed = pack(&Session::new(""));
        let session = Session::new("");
        assert!(session.unpack(&packed.frames).is_ok() && session.unpack(&packed.frames).is_ok());
    }

    #[test]
    fn buffers_are_kept_but_not_signed() {
        let mut packed = pack(&Session::new("k"));
        packed.frames.push(Bytes::from_static(b"\xff\x00"));
        let (_, message) = Session::new("k").unpack(&packed.frames).unwrap();
        assert_eq!(message.buffers, [&b"\xff\x00"[..]]);
    }

    #[test]
    fn every_message_has_its_own_id_and_the_one_session() {
        let session = Session::new("k");
        let headers: Vec<Value> = (0..100).map(|_| header(&pack(&session))).collect();
        let ids: HashSet<_> = headers.iter().map(|header| header["msg_id"].to_string()).collect();
        assert_eq!(ids.len(), 100);
        assert!(headers.iter().all(|header| header["session"] == session.id));
        assert!(headers.iter().all(|header| header["version"] == "5.5"));
    }

    #[test]
    fn a_date_has_six_digits_and_an_offset() {
        let utc = OffsetDateTime::from_unix_timestamp_nanos(1_767_323_045_000_006_999).unwrap();
        assert_eq!(date(utc), "2026-01-02T03:04:05.000006Z");
    }
}
