use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tracing::warn;
use zeromq::{SocketSend, ZmqMessage};

/// How many bytes wait for a slow reader before whoever publishes has to wait too.
pub(crate) const BOUND: usize = 16 << 20;

/// What the task that owns a socket is to do next.
pub(crate) enum Outgoing {
    /// Send this; the room it took in the queue is free again once it has been sent.
    Message { frames: Vec<Bytes>, room: Option<OwnedSemaphorePermit> },
    /// Tell that everything queued before has been handed to the socket.
    Flush(oneshot::Sender<()>),
}

/// The way to a socket for all who do not own it: one queue, first in, first out.
pub(crate) struct Outbox {
    queue: mpsc::UnboundedSender<Outgoing>,
    room: Arc<Semaphore>,
    bound: usize,
}

impl Outbox {
    pub fn new(bound: usize) -> (Self, mpsc::UnboundedReceiver<Outgoing>) {
        let (queue, outgoing) = mpsc::unbounded_channel();
        (Self { queue, room: Arc::new(Semaphore::new(bound)), bound }, outgoing)
    }

    /// Queues at once, for small messages that must not wait.
    pub fn send(&self, frames: Vec<Bytes>) {
        self.queue(Outgoing::Message { frames, room: None });
    }

    /// Queues when there is room. A message larger than the bound passes when it is alone.
    pub async fn send_when_room(&self, frames: Vec<Bytes>) {
        let bytes: usize = frames.iter().map(Bytes::len).sum();
        let permits = u32::try_from(bytes.min(self.bound)).unwrap_or(u32::MAX);
        // The semaphore is never closed: a task that is gone frees its room and takes no message.
        let room = Arc::clone(&self.room).acquire_many_owned(permits).await.ok();
        self.queue(Outgoing::Message { frames, room });
    }

    /// Returns once everything queued before has been handed to the socket, or its task is gone.
    pub async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        self.queue(Outgoing::Flush(done));
        let _ = flushed.await;
    }

    fn queue(&self, outgoing: Outgoing) {
        if self.queue.send(outgoing).is_err() {
            warn!("a message was not sent: its socket is closed");
        }
    }
}

impl Outgoing {
    /// Carries it out. A peer that vanished is no reason to stop.
    pub async fn deliver(self, channel: &'static str, socket: &mut impl SocketSend) {
        match self {
            Self::Message { frames, room: _room } => send(channel, socket, frames).await,
            Self::Flush(done) => {
                let _ = done.send(()); // whoever waited may have given up
            }
        }
    }
}

/// Sends one message, or logs why not. Returns nothing: what cannot be sent is dropped.
pub(crate) async fn send(channel: &'static str, socket: &mut impl SocketSend, frames: Vec<Bytes>) {
    if let Err(error) = try_send(socket, frames).await {
        warn!(channel, %error, "a message was not sent");
    }
}

/// Sends one message.
pub(crate) async fn try_send(
    socket: &mut impl SocketSend,
    frames: Vec<Bytes>,
) -> zeromq::ZmqResult<()> {
    let message = ZmqMessage::try_from(frames).map_err(|_| zeromq::ZmqError::NoMessage)?;
    socket.send(message).await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    fn frames(bytes: usize) -> Vec<Bytes> {
        vec![Bytes::from(vec![0; bytes])]
    }

    fn len(outgoing: &Outgoing) -> usize {
        match outgoing {
            Outgoing::Message { frames, .. } => frames.iter().map(Bytes::len).sum(),
            Outgoing::Flush(_) => 0,
        }
    }

    #[tokio::test]
    async fn a_full_queue_makes_publishers_wait_until_something_was_sent() {
        let (outbox, mut outgoing) = Outbox::new(100);
        outbox.send_when_room(frames(60)).await;
        assert!(timeout(SHORT, outbox.send_when_room(frames(41))).await.is_err());
        let first = outgoing.recv().await.unwrap();
        assert!(timeout(SHORT, outbox.send_when_room(frames(41))).await.is_err(), "not sent yet");
        drop(first);
        timeout(SHORT, outbox.send_when_room(frames(41))).await.unwrap();
    }

    #[tokio::test]
    async fn a_message_larger_than_the_bound_passes_alone() {
        let (outbox, mut outgoing) = Outbox::new(100);
        timeout(SHORT, outbox.send_when_room(frames(1000))).await.unwrap();
        assert!(timeout(SHORT, outbox.send_when_room(frames(1))).await.is_err());
        assert_eq!(len(&outgoing.recv().await.unwrap()), 1000);
        timeout(SHORT, outbox.send_when_room(frames(1))).await.unwrap();
    }

    #[tokio::test]
    async fn a_small_message_enters_a_full_queue_at_its_end() {
        let (outbox, mut outgoing) = Outbox::new(100);
        outbox.send_when_room(frames(100)).await;
        outbox.send(frames(7));
        assert_eq!(len(&outgoing.recv().await.unwrap()), 100);
        assert_eq!(len(&outgoing.recv().await.unwrap()), 7);
    }

    #[tokio::test]
    async fn a_closed_socket_holds_nobody_up() {
        let (outbox, outgoing) = Outbox::new(100);
        outbox.send_when_room(frames(100)).await;
        drop(outgoing);
        timeout(SHORT, outbox.send_when_room(frames(100))).await.unwrap();
        timeout(SHORT, outbox.flush()).await.unwrap();
    }
}
