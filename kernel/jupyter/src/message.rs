use std::{fmt, time::SystemTime};

use bytes::Bytes;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A [message header](https://jupyter-client.readthedocs.io/en/stable/messaging.html#message-header).
///
/// Only `msg_type` is required; any other field that is absent or no string reads as empty.
#[derive(Clone)]
pub struct Header {
    /// The message's unique id.
    pub msg_id: String,
    /// The id of the sending process's session.
    pub session: String,
    /// The name of the user who sent it.
    pub username: String,
    /// The message type, for example `execute_request`.
    pub msg_type: String,
    raw: Bytes,
}

impl Header {
    pub(crate) fn parse(raw: Bytes) -> Option<Self> {
        let fields: Map<String, Value> = serde_json::from_slice(&raw).ok()?;
        let text = |name| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let header = Self {
            msg_id: text("msg_id"),
            session: text("session"),
            username: text("username"),
            msg_type: text("msg_type"),
            raw,
        };
        (!header.msg_type.is_empty()).then_some(header)
    }

    /// Returns when the message was sent, by its sender's clock, if it says so in ISO 8601.
    pub fn date(&self) -> Option<SystemTime> {
        let fields: Map<String, Value> = serde_json::from_slice(&self.raw).ok()?;
        let date = fields.get("date")?.as_str()?;
        OffsetDateTime::parse(date, &Rfc3339).ok().map(SystemTime::from)
    }

    /// The header's JSON, byte for byte as it arrived.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }
}

/// A [message](https://jupyter-client.readthedocs.io/en/stable/messaging.html#general-message-format)
/// whose header has been read and whose other parts are still JSON text.
#[derive(Clone)]
pub struct Message {
    /// The header that says what the message is and who sent it.
    pub header: Header,
    /// The header of the message that caused this one, or `{}`.
    pub parent_header: Bytes,
    /// The metadata, a JSON object.
    pub metadata: Bytes,
    /// The content, a JSON object if its sender keeps to the protocol.
    pub content: Bytes,
    /// The raw buffers after the content.
    pub buffers: Vec<Bytes>,
}

impl Message {
    pub(crate) fn parse(parts: [Bytes; 4], buffers: Vec<Bytes>) -> Option<Self> {
        let [header, parent_header, metadata, content] = parts;
        let header = Header::parse(header)?;
        Some(Self { header, parent_header, metadata, content, buffers })
    }

    /// The message type, for example `execute_request`.
    pub fn msg_type(&self) -> &str {
        &self.header.msg_type
    }

    /// Reads the content. A field that is `null` reads as an absent one.
    ///
    /// # Errors
    ///
    /// Fails if the content is not a JSON object that `T` can be read from.
    pub fn content<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        match serde_json::from_slice(&self.content)? {
            Value::Object(mut fields) => {
                fields.retain(|_, value| !value.is_null());
                serde_json::from_value(Value::Object(fields))
            }
            _ => Err(serde_json::Error::custom("the content must be a JSON object")),
        }
    }

    /// Returns the `msg_id` of the message that caused this one, if it names one.
    pub fn parent_msg_id(&self) -> Option<String> {
        let parent: Map<String, Value> = serde_json::from_slice(&self.parent_header).ok()?;
        parent.get("msg_id").and_then(Value::as_str).map(str::to_owned)
    }
}

/// Leaves out the content, which must not reach a log.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("msg_type", &self.header.msg_type)
            .field("msg_id", &self.header.msg_id)
            .finish_non_exhaustive()
    }
}

/// A message that is passed on as it is: its metadata and its content are JSON objects already.
pub struct RawMessage {
    /// The message type, for example `comm_msg`.
    pub msg_type: String,
    /// The metadata.
    pub metadata: Vec<u8>,
    /// The content.
    pub content: Vec<u8>,
    /// The raw buffers after the content.
    pub buffers: Vec<Vec<u8>>,
}

impl From<&Message> for RawMessage {
    fn from(message: &Message) -> Self {
        Self {
            msg_type: message.header.msg_type.clone(),
            metadata: message.metadata.to_vec(),
            content: message.content.to_vec(),
            buffers: message.buffers.iter().map(|buffer| buffer.to_vec()).collect(),
        }
    }
}

/// Leaves out the content, which must not reach a log.
impl fmt::Debug for RawMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawMessage").field("msg_type", &self.msg_type).finish_non_exhaustive()
    }
}

/// The [parent header](https://jupyter-client.readthedocs.io/en/stable/messaging.html#parent-header):
/// the header of the request that causes a message, echoed byte for byte.
#[derive(Clone)]
pub struct Parent(pub(crate) Bytes);

impl Parent {
    /// The parent of a message that no request caused: `{}`.
    pub fn none() -> Self {
        Self(Bytes::from_static(b"{}"))
    }

    /// The parent of what a cell gives of whose request only the id is known.
    pub fn of_request(msg_id: &str) -> Self {
        let header = json!({"msg_id": msg_id, "msg_type": "execute_request"});
        Self(header.to_string().into())
    }
}

impl From<&Header> for Parent {
    fn from(header: &Header) -> Self {
        Self(header.raw.clone())
    }
}

impl fmt::Debug for Parent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parent").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::content::{ExecuteRequest, ShutdownRequest};

    fn message(parts: [&'static str; 4]) -> Option<Message> {
        Message::parse(parts.map(|part| Bytes::from_static(part.as_bytes())), Vec::new())
    }

    fn saying(content: &'static str) -> Message {
        message([r#"{"msg_type":"x"}"#, "{}", "{}", content]).unwrap()
    }

    #[test]
    fn a_header_needs_only_its_msg_type() {
        let header = Header::parse(Bytes::from_static(br#"{"msg_type":"x","session":1}"#)).unwrap();
        assert_eq!((header.msg_type.as_str(), header.session.as_str()), ("x", ""));
        for raw in ["", "{}", "null", "[\"x\"]", r#"{"msg_type":5}"#, r#"{"msg_type":""}"#, "{\"a"]
        {
            assert!(Header::parse(Bytes::from_static(raw.as_bytes())).is_none(), "{raw}");
        }
        assert!(Header::parse(Bytes::from_static(b"{\"msg_type\":\"\xff\"}")).is_none());
    }

    #[test]
    fn a_header_is_echoed_byte_for_byte() {
        let raw = r#"{ "msg_type":"x", "subshell_id": null,"z":1.50, "ü":"\u00fc"}"#;
        let header = Header::parse(Bytes::from_static(raw.as_bytes())).unwrap();
        assert_eq!(header.raw(), raw.as_bytes());
        assert_eq!(Parent::from(&header).0, raw);
    }

    #[test]
    fn content_that_cannot_be_read_leaves_the_header() {
        for content in ["", "[]", "null", "{\"code\":", "{\"code\":5}"] {
            let message = saying(content);
            assert_eq!(message.msg_type(), "x");
            assert!(message.content::<ExecuteRequest>().is_err(), "{content}");
        }
    }

    #[test]
    fn a_null_field_reads_as_an_absent_one() {
        let request: ExecuteRequest =
            saying(r#"{"code":"1","silent":null,"stop_on_error":null}"#).content().unwrap();
        assert!(!request.silent && request.stop_on_error);
        let request: ShutdownRequest = saying(r#"{"restart":null}"#).content().unwrap();
        assert!(!request.restart);
    }

    #[test]
    fn a_parent_may_be_missing() {
        let parent =
            |raw| message([r#"{"msg_type":"x"}"#, raw, "{}", "{}"]).unwrap().parent_msg_id();
        assert_eq!(parent(r#"{"msg_id":"7"}"#).as_deref(), Some("7"));
        for raw in ["{}", "null", "", r#"{"msg_id":null}"#] {
            assert_eq!(parent(raw), None);
        }
    }

    #[test]
    fn debug_output_leaves_out_the_content() {
        let debug = format!("{:?}", saying(&json!({"code": "secret"}).to_string().leak()[..]));
        assert!(debug.contains("msg_type") && !debug.contains("secret"), "{debug}");
    }
}
