use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::message::{Header, Message, Parent};

/// A [channel](https://jupyter-client.readthedocs.io/en/stable/messaging.html#introduction) on
/// which requests arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Requests that may have to wait for the running cell.
    Shell,
    /// Requests that must not wait: interrupt, shutdown.
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

/// A request and the way back to who sent it. Cheap to clone.
#[derive(Clone)]
pub struct Request {
    /// Where it arrived, and where its reply goes.
    pub channel: Channel,
    pub(crate) identities: Arc<[Bytes]>,
    message: Arc<Message>,
}

/// What of a request is enough to answer it, also by another process with the same addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    identities: Vec<Vec<u8>>,
    header: String,
}

impl Envelope {
    /// The request as it came on the shell channel, without what it said.
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

    /// Who is to be answered, and to what.
    pub fn envelope(&self) -> Envelope {
        Envelope {
            identities: self.identities.iter().map(|part| part.to_vec()).collect(),
            header: String::from_utf8_lossy(self.header().raw()).into_owned(),
        }
    }

    /// What is asked for, for example `execute_request`.
    pub fn msg_type(&self) -> &str {
        self.message.msg_type()
    }

    /// The request's header.
    pub fn header(&self) -> &Header {
        &self.message.header
    }

    /// Reads what the request says. Only now, so that a request that says something else can still
    /// be answered with an error. A field that is `null` reads as an absent one.
    pub fn content<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        self.message.content()
    }

    /// The parent header of everything that this request causes.
    pub fn parent(&self) -> Parent {
        Parent::from(self.header())
    }
}

/// What kind of request it is; its content must not reach a log.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("channel", &self.channel)
            .field("message", &self.message)
            .finish()
    }
}
