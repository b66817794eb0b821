//! Outputs and status, published to every frontend:
//! <https://jupyter-client.readthedocs.io/en/stable/messaging.html#messages-on-the-iopub-pub-sub-channel>.
//!
//! The socket is an XPUB: unlike PUB it loses nothing when a frontend reads slowly, and it tells of
//! each subscription. One task both receives and sends, because subscriptions count only once they
//! have been received.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tracing::error;
use zeromq::{SocketRecv, SocketSend};

use super::receive;
use crate::content::{Content, IopubWelcome};

use crate::message::Parent;
use crate::outbox::{Outgoing, send};
use crate::session::Session;

const CHANNEL: &str = "iopub";

/// Publishes until nobody has anything to say any more.
pub(crate) async fn run(
    mut socket: impl SocketRecv + SocketSend,
    session: Arc<Session>,
    mut outgoing: mpsc::UnboundedReceiver<Outgoing>,
    subscribed: watch::Sender<bool>,
) {
    loop {
        tokio::select! {
            // Subscriptions first, so that a frontend misses nothing sent after it subscribed.
            biased;
            frames = receive(CHANNEL, &mut socket) => if let Some(topic) = subscription(&frames) {
                welcome(&mut socket, &session, topic).await;
                subscribed.send_replace(true);
            },
            publication = outgoing.recv() => match publication {
                Some(publication) => publication.deliver(CHANNEL, &mut socket).await,
                None => return,
            },
        }
    }
}

/// The topic, if this is a subscription: a byte 1 and the topic. Byte 0 ends a subscription.
fn subscription(frames: &[Bytes]) -> Option<&str> {
    let [frame] = frames else { return None };
    let topic = frame.strip_prefix(&[1])?;
    str::from_utf8(topic).ok()
}

/// <https://jupyter-client.readthedocs.io/en/stable/messaging.html#welcome-message>
async fn welcome(socket: &mut impl SocketSend, session: &Session, topic: &str) {
    let content = IopubWelcome { subscription: topic.to_owned() };
    let topic = vec![Bytes::copy_from_slice(topic.as_bytes())];
    match session.pack(topic, IopubWelcome::MSG_TYPE, &Parent::none(), &content) {
        Ok(packed) => send(CHANNEL, socket, packed.frames).await,
        Err(error) => error!(%error, "a welcome could not be written as JSON"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_readable_subscription_is_welcomed() {
        let topic =
            |frame: &'static [u8]| subscription(&[Bytes::from_static(frame)]).map(str::to_owned);
        assert_eq!(topic(b"\x01").as_deref(), Some(""));
        assert_eq!(topic(b"\x01kernel.").as_deref(), Some("kernel."));
        assert_eq!(topic(b"\x00kernel."), None);
        assert_eq!(topic(b"\x01\xff"), None);
        assert_eq!(topic(b""), None);
        assert_eq!(subscription(&[]), None);
    }
}
