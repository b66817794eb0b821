use std::{fmt, sync::Arc};

use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::sync::mpsc;

use crate::message::{Header, Message, Parent};

/// A [channel](https://jupyter-client.readthedocs.io/en/stable/messaging.html#introduction) on
/// which requests arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Requests that may have to wait for the running cell.
    Shell,
    /// Requests that must not wait, such as interrupt and shutdown.
    Control,
}

impl Channel {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Shell => "shell",
            Self::Control => "control",
        }
    }
}

/// The requests as they arrive, in order on each channel.
#[derive(Debug)]
pub struct Requests {
    /// Requests that may have to wait for the running cell.
    pub shell: mpsc::Receiver<Request>,
    /// Requests that must not wait, such as interrupt and shutdown.
    pub control: mpsc::Receiver<Request>,
}

/// A request and the route back to its sender. Cheap to clone.
#[derive(Clone)]
pub struct Request {
    /// The channel on which it arrived, and on which its reply is sent.
    pub channel: Channel,
    pub(crate) identities: Arc<[Bytes]>,
    message: Arc<Message>,
}

/// As much of a request as is needed to answer it, also from another process that listens at the
/// same addresses. It can be stored, and does not hold the content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    identities: Vec<Vec<u8>>,
    header: String,
}

impl Envelope {
    /// Makes a request of it that arrived on the shell channel and has no content. Returns `None` if
    /// the stored header is none.
    pub fn request(&self) -> Option<Request> {
        let header = Bytes::from(self.header.clone().into_bytes());
        let [parent, metadata, content] = [(); 3].map(|()| Bytes::from_static(b"{}"));
        let message = Message::parse([header, parent, metadata, content], Vec::new())?;
        let identities = self.identities.iter().cloned().map(Bytes::from).collect();
        Some(Request::new(Channel::Shell, identities, message))
    }
}

impl Request {
    pub(crate) fn new(channel: Channel, identities: Vec<Bytes>, message: Message) -> Self {
        Self { channel, identities: identities.into(), message: Arc::new(message) }
    }

    /// Returns what is needed to answer the request later.
    pub fn envelope(&self) -> Envelope {
        Envelope {
            identities: self.identities.iter().map(|part| part.to_vec()).collect(),
            header: String::from_utf8_lossy(self.header().raw()).into_owned(),
        }
    }

    /// The message type, for example `execute_request`.
    pub fn msg_type(&self) -> &str {
        self.message.msg_type()
    }

    /// The [header](https://jupyter-client.readthedocs.io/en/stable/messaging.html#message-header), which
    /// says when it was sent, among other things.
    pub fn header(&self) -> &Header {
        &self.message.header
    }

    /// Reads the content. This comes late, so that a request with unreadable content can still be
    /// answered with an error. A field that is `null` reads as an absent one.
    ///
    /// # Errors
    ///
    /// Fails if the content is not a JSON object that `T` can be read from.
    pub fn content<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        self.message.content()
    }

    /// The message itself, to pass its parts on as they are.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The parent header of everything that this request causes.
    pub fn parent(&self) -> Parent {
        Parent::from(self.header())
    }
}

/// Leaves out the content, which must not reach a log.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("channel", &self.channel)
            .field("message", &self.message)
            .finish()
    }
}
