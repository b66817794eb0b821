//! Outputs and status, published to every frontend:
//! <https://jupyter-client.readthedocs.io/en/stable/messaging.html#messages-on-the-iopub-pub-sub-channel>.
//!
//! The socket is an XPUB: unlike PUB it loses nothing when a frontend reads slowly, and it tells of
//! each subscription. One task both receives and sends, because subscriptions count only once they
//! have been received.
//!
//! When the last peer has left, what is published is kept for who comes back: a frontend whose network
//! fails, or that froze and lost its connection for it, misses nothing.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tracing::error;
use zeromq::{SocketRecv, SocketSend};

use super::receive;
use crate::content::{Content, IopubWelcome};
use crate::message::Parent;
use crate::outbox::{Outgoing, send};
use crate::session::Session;
use crate::spool::Spool;

const CHANNEL: &str = "iopub";

/// A server has several connections, and each comes back by itself: what was kept waits for all.
const RETURN: Duration = Duration::from_millis(300);

/// Owns the socket.
pub(crate) struct Publisher<S> {
    socket: S,
    session: Arc<Session>,
    peers: watch::Receiver<usize>,
    kept: Option<Kept>,
}

/// What was published since the last peer has left.
#[derive(Default)]
struct Kept {
    spool: Spool,
    /// When it is due, once somebody is back.
    due: Option<Instant>,
}

impl<S: SocketRecv + SocketSend> Publisher<S> {
    /// For a socket with so many peers.
    pub fn new(socket: S, session: Arc<Session>, peers: watch::Receiver<usize>) -> Self {
        Self { socket, session, peers, kept: None }
    }

    /// Publishes until nobody has anything to say any more.
    pub async fn run(
        mut self,
        mut outgoing: mpsc::UnboundedReceiver<Outgoing>,
        subscribed: watch::Sender<bool>,
    ) {
        loop {
            let due = self.kept.as_ref().and_then(|kept| kept.due);
            tokio::select! {
                // Subscriptions first, so that a frontend misses nothing sent after it subscribed.
                biased;
                frames = receive(CHANNEL, &mut self.socket) => if let Some(topic) = subscription(&frames) {
                    welcome(&mut self.socket, &self.session, topic).await;
                    subscribed.send_replace(true);
                    self.somebody_is_back();
                },
                Ok(()) = self.peers.changed() => self.peers_have_changed(),
                () = until(due) => self.publish_kept().await,
                publication = outgoing.recv() => match publication {
                    Some(publication) => self.publish(publication).await,
                    None => return,
                },
            }
        }
    }

    fn peers_have_changed(&mut self) {
        if *self.peers.borrow_and_update() == 0 {
            self.kept.get_or_insert_default().due = None;
        }
    }

    fn somebody_is_back(&mut self) {
        if let Some(kept) = &mut self.kept {
            kept.due = Some(Instant::now() + RETURN);
        }
    }

    async fn publish(&mut self, outgoing: Outgoing) {
        match (&mut self.kept, outgoing) {
            (Some(kept), Outgoing::Message { frames, .. }) => kept.spool.push(joined(&frames)),
            (_, outgoing) => outgoing.deliver(CHANNEL, &mut self.socket).await,
        }
    }

    async fn publish_kept(&mut self) {
        let Some(mut kept) = self.kept.take() else { return };
        while let Some(message) = kept.spool.pop() {
            send(CHANNEL, &mut self.socket, split(&message.into())).await;
        }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}

/// A message as one piece, each frame behind its length.
fn joined(frames: &[Bytes]) -> Vec<u8> {
    let mut joined = Vec::new();
    for frame in frames {
        joined.extend_from_slice(&(frame.len() as u64).to_le_bytes());
        joined.extend_from_slice(frame);
    }
    joined
}

fn split(joined: &Bytes) -> Vec<Bytes> {
    let (mut frames, mut rest) = (Vec::new(), joined.clone());
    while let Some((length, _)) = rest.split_first_chunk() {
        let end = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let end = end.saturating_add(8).min(rest.len());
        frames.push(rest.split_to(end).slice(8..));
    }
    frames
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
    fn a_kept_message_has_its_frames_again() {
        let frames =
            ["", "topic", "<IDS|MSG>", ""].map(|frame| Bytes::from_static(frame.as_bytes()));
        assert_eq!(split(&joined(&frames).into()), frames);
    }

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
