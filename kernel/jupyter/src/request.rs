use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::DeserializeOwned;

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

impl Request {
    pub(crate) fn new(channel: Channel, identities: Vec<Bytes>, message: Message) -> Self {
        Self { channel, identities: identities.into(), message: Arc::new(message) }
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
