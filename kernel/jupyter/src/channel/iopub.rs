//! Outputs and status, published to every frontend:
//! <https://jupyter-client.readthedocs.io/en/stable/messaging.html#messages-on-the-iopub-pub-sub-channel>.
//!
//! The socket is an XPUB: unlike PUB it loses nothing when a frontend reads slowly, and it reports
//! each subscription. ([zmq.rs#283](https://github.com/zeromq/zmq.rs/pull/283) would change the first,
//! so zeromq's version is pinned.) One task both receives and sends, because a subscription counts only
//! once it has been received.
//!
//! What is published while no frontend is connected is backlog for the next one: at the start, since
//! requests may arrive before the first subscription does, and when the last peer has left. So a
//! frontend misses nothing if its network fails, or if it freezes and loses its connection.

use std::{future::pending, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};
use tracing::error;
use zeromq::{SocketRecv, SocketSend};

use super::receive;
use crate::{
    content::{Content, IopubWelcome},
    message::Parent,
    outbox::{Outgoing, send},
    session::Session,
    spool::Spool,
};

const CHANNEL: &str = "iopub";

/// How long the backlog waits for further connections after the first: those of a Jupyter server come
/// back one by one.
const RECONNECTION_PERIOD: Duration = Duration::from_millis(300);

/// Owns the iopub socket.
pub(crate) struct Publisher<S> {
    socket: S,
    session: Arc<Session>,
    peers: watch::Receiver<usize>,
    backlog: Option<Backlog>,
    signals: Signals,
}

/// What the rest of the kernel learns about the frontends.
pub(crate) struct Signals {
    subscribed: watch::Sender<bool>,
    delivered: watch::Sender<bool>,
}

impl Signals {
    /// Returns, too, whether a frontend has ever subscribed, and whether everything published has been
    /// sent to one.
    pub fn new() -> (Self, watch::Receiver<bool>, watch::Receiver<bool>) {
        let (subscribed, has_subscribed) = watch::channel(false);
        let (delivered, is_delivered) = watch::channel(true);
        (Self { subscribed, delivered }, has_subscribed, is_delivered)
    }
}

/// What was published while no frontend was connected.
#[derive(Default)]
struct Backlog {
    messages: Spool,
    /// Whether it waits for further connections: it has outputs, or a frontend was connected before.
    is_for_all: bool,
    /// When it is to be published, once a frontend has subscribed.
    due: Option<Instant>,
}

impl<S: SocketRecv + SocketSend> Publisher<S> {
    /// `peers` is how many peers the socket has at each time.
    pub fn new(
        socket: S,
        session: Arc<Session>,
        peers: watch::Receiver<usize>,
        signals: Signals,
    ) -> Self {
        let backlog = (*peers.borrow() == 0).then(Backlog::default);
        signals.delivered.send_replace(backlog.is_none());
        Self { socket, session, peers, backlog, signals }
    }

    /// Publishes until the last clone of the frontend is gone.
    pub async fn run(mut self, mut outgoing: mpsc::UnboundedReceiver<Outgoing>) {
        loop {
            let due = self.backlog.as_ref().and_then(|backlog| backlog.due);
            tokio::select! {
                // Subscriptions come first, so that a frontend misses nothing sent after its own.
                biased;
                frames = receive(CHANNEL, &mut self.socket) => if let Some(topic) = subscription(&frames) {
                    welcome(&mut self.socket, &self.session, topic).await;
                    self.signals.subscribed.send_replace(true);
                    self.frontend_has_subscribed();
                },
                Ok(()) = self.peers.changed() => self.peers_have_changed(),
                () = until(due) => self.publish_backlog().await,
                publication = outgoing.recv() => match publication {
                    Some(publication) => self.publish(publication).await,
                    None => return,
                },
            }
        }
    }

    fn peers_have_changed(&mut self) {
        if *self.peers.borrow_and_update() == 0 {
            let backlog = self.backlog.get_or_insert_default();
            (backlog.is_for_all, backlog.due) = (true, None);
            self.signals.delivered.send_replace(false);
        }
    }

    /// A kernel without outputs yet does not wait for further frontends, so that it starts fast.
    fn frontend_has_subscribed(&mut self) {
        if let Some(backlog) = &mut self.backlog {
            let wait = if backlog.is_for_all { RECONNECTION_PERIOD } else { Duration::ZERO };
            backlog.due = Some(Instant::now() + wait);
        }
    }

    async fn publish(&mut self, outgoing: Outgoing) {
        match (&mut self.backlog, outgoing) {
            (Some(backlog), Outgoing::Message { frames, room }) => {
                // Only outputs take room in the queue; statuses do not.
                backlog.is_for_all |= room.is_some();
                backlog.messages.push(joined(&frames));
            }
            (_, outgoing) => outgoing.deliver(CHANNEL, &mut self.socket).await,
        }
    }

    async fn publish_backlog(&mut self) {
        let Some(mut backlog) = self.backlog.take() else { return };
        while let Some(message) = backlog.messages.pop() {
            send(CHANNEL, &mut self.socket, split(&message.into())).await;
        }
        self.signals.delivered.send_replace(true);
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}

/// Joins the frames of a message, each after its length in 8 bytes.
fn joined(frames: &[Bytes]) -> Vec<u8> {
    let mut joined = Vec::new();
    for frame in frames {
        joined.extend_from_slice(&(frame.len() as u64).to_le_bytes());
        joined.extend_from_slice(frame);
    }
    joined
}

/// Splits what [`joined`] has joined.
fn split(joined: &Bytes) -> Vec<Bytes> {
    let (mut frames, mut rest) = (Vec::new(), joined.clone());
    while let Some((length, _)) = rest.split_first_chunk() {
        let end = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let end = end.saturating_add(8).min(rest.len());
        frames.push(rest.split_to(end).slice(8..));
    }
    frames
}

/// Returns the topic if this is a [subscription](https://rfc.zeromq.org/spec/29/): a byte 1 and the
/// topic. A byte 0 ends a subscription.
fn subscription(frames: &[Bytes]) -> Option<&str> {
    let [frame] = frames else { return None };
    let topic = frame.strip_prefix(&[1])?;
    str::from_utf8(topic).ok()
}

/// Sends a [welcome](https://jupyter-client.readthedocs.io/en/stable/messaging.html#welcome-message).
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
    fn a_message_of_the_backlog_has_its_frames_again() {
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
