//! Messages as they stand on the wire, written here once more, so that an error of the kernel's
//! shows.

use std::{fmt, time::Duration};

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

const DELIMITER: &[u8] = b"<IDS|MSG>";

/// Where a frontend sends requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Shell,
    Control,
}

impl Channel {
    pub const BOTH: [Self; 2] = [Self::Shell, Self::Control];
}

/// A message from the kernel.
#[derive(Clone)]
pub struct Message {
    pub topic: Vec<Bytes>,
    pub header: Value,
    pub parent_header: Value,
    pub content: Value,
    /// How large it was on the wire.
    pub bytes: usize,
}

impl Message {
    pub fn msg_type(&self) -> &str {
        self.header["msg_type"].as_str().unwrap_or_default()
    }

    /// When the kernel wrote it. Its form is fixed, so later ones compare greater.
    pub fn date(&self) -> &str {
        self.header["date"].as_str().unwrap_or_default()
    }

    /// The same since midnight of an unnamed day; days have no part in how long anything takes.
    pub fn time(&self) -> Duration {
        let number = |at: std::ops::Range<usize>| self.date()[at].parse::<u64>().unwrap();
        let seconds = (number(11..13) * 60 + number(14..16)) * 60 + number(17..19);
        Duration::from_secs(seconds) + Duration::from_micros(number(20..26))
    }

    pub fn is_status(&self, state: &str) -> bool {
        self.msg_type() == "status" && self.content["execution_state"] == state
    }
}

/// One line, for the failure of a test.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.msg_type(), self.content)
    }
}

/// Signs what a frontend sends, and checks what the kernel sends.
#[derive(Clone)]
pub struct Wire {
    key: String,
    session: String,
}

impl Wire {
    pub fn new(key: &str) -> Self {
        Self { key: key.to_owned(), session: Uuid::new_v4().to_string() }
    }

    /// A request and its id.
    pub fn request(&self, msg_type: &str, content: &str) -> (String, Vec<Bytes>) {
        let msg_id = Uuid::new_v4().to_string();
        let header = json!({"msg_id": msg_id, "session": self.session, "username": "tester",
            "date": "2026-11-24T12:00:00.000000Z", "msg_type": msg_type, "version": "5.4"});
        (msg_id, self.sign(&[&header.to_string(), "{}", "{}", content]))
    }

    /// Any parts, rightly signed.
    pub fn sign(&self, parts: &[&str]) -> Vec<Bytes> {
        let signature = self.signature(parts);
        let parts = parts.iter().map(|part| Bytes::copy_from_slice(part.as_bytes()));
        [Bytes::from_static(DELIMITER), signature.into()].into_iter().chain(parts).collect()
    }

    pub fn read(&self, frames: Vec<Bytes>) -> Message {
        let at = frames.iter().position(|frame| frame == DELIMITER).expect("a delimiter");
        let [signature, header, parent_header, metadata, content] = &frames[at + 1..] else {
            panic!("{} frames after the delimiter", frames.len() - at - 1);
        };
        assert_eq!(signature, &self.signature(&[header, parent_header, metadata, content]));
        let json = |frame| serde_json::from_slice(frame).expect("JSON");
        Message {
            bytes: frames.iter().map(Bytes::len).sum(),
            topic: frames[..at].to_vec(),
            header: json(header),
            parent_header: json(parent_header),
            content: json(content),
        }
    }

    fn signature(&self, parts: &[impl AsRef<[u8]>]) -> String {
        if self.key.is_empty() {
            return String::new();
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.as_bytes()).unwrap();
        parts.iter().for_each(|part| mac.update(part.as_ref()));
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
