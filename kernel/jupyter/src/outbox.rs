use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tracing::warn;
use zeromq::{SocketSend, ZmqMessage};

/// How many bytes may wait for a slow reader before publishers have to wait too.
pub(crate) const QUEUE_LIMIT_BYTES: usize = 16 << 20;

/// What the task that owns a socket has to do next.
pub(crate) enum Outgoing {
    /// Sends a message; the room that it takes in the queue is free again once it has been sent.
    Message { frames: Vec<Bytes>, room: Option<OwnedSemaphorePermit> },
    /// Reports that everything queued before has been handed to the socket.
    Flush(oneshot::Sender<()>),
}

/// Queues what a socket sends, first in, first out: the way to a socket for all but its owner.
pub(crate) struct Outbox {
    queue: mpsc::UnboundedSender<Outgoing>,
    room: Arc<Semaphore>,
    limit: usize,
}

impl Outbox {
    pub fn new(limit: usize) -> (Self, mpsc::UnboundedReceiver<Outgoing>) {
        let (queue, outgoing) = mpsc::unbounded_channel();
        (Self { queue, room: Arc::new(Semaphore::new(limit)), limit }, outgoing)
    }

    /// Queues a small message, however full the queue is.
    pub fn send(&self, frames: Vec<Bytes>) {
        self.queue(Outgoing::Message { frames, room: None });
    }

    /// Queues a message as soon as it fits. One larger than the limit passes when it is alone.
    pub async fn send_when_room(&self, frames: Vec<Bytes>) {
        let bytes: usize = frames.iter().map(Bytes::len).sum();
        let permits = u32::try_from(bytes.min(self.limit)).unwrap_or(u32::MAX);
        // The semaphore is never closed: a task that is gone frees its room and takes no message.
        let room = Arc::clone(&self.room).acquire_many_owned(permits).await.ok();
        self.queue(Outgoing::Message { frames, room });
    }

    /// Returns once everything queued before has been handed to the socket, or its task has ended.
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
    /// Carries it out. An error is logged: a peer that vanished is no reason to stop.
    pub async fn deliver(self, channel: &'static str, socket: &mut impl SocketSend) {
        match self {
            Self::Message { frames, room: _room } => send(channel, socket, frames).await,
            Self::Flush(done) => {
                let _ = done.send(()); // the caller may have given up
            }
        }
    }
}

/// Sends one message, or logs why not: what cannot be sent is dropped.
pub(crate) async fn send(channel: &'static str, socket: &mut impl SocketSend, frames: Vec<Bytes>) {
    if let Err(error) = try_send(socket, frames).await {
        warn!(channel, %error, "a message was not sent");
    }
}

/// Sends one message.
///
/// # Errors
///
/// Fails if the message has no frames, or if zeromq cannot send it, for example because the peer has
/// gone.
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

    const QUEUEING_LIMIT: Duration = Duration::from_millis(20);

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
        assert!(timeout(QUEUEING_LIMIT, outbox.send_when_room(frames(41))).await.is_err());
        let first = outgoing.recv().await.unwrap();
        assert!(
            timeout(QUEUEING_LIMIT, outbox.send_when_room(frames(41))).await.is_err(),
            "not sent yet"
        );
        drop(first);
        timeout(QUEUEING_LIMIT, outbox.send_when_room(frames(41))).await.unwrap();
    }

    #[tokio::test]
    async fn a_message_larger_than_the_limit_passes_alone() {
        let (outbox, mut outgoing) = Outbox::new(100);
        timeout(QUEUEING_LIMIT, outbox.send_when_room(frames(1000))).await.unwrap();
        assert!(timeout(QUEUEING_LIMIT, outbox.send_when_room(frames(1))).await.is_err());
        assert_eq!(len(&outgoing.recv().await.unwrap()), 1000);
        timeout(QUEUEING_LIMIT, outbox.send_when_room(frames(1))).await.unwrap();
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
        timeout(QUEUEING_LIMIT, outbox.send_when_room(frames(100))).await.unwrap();
        timeout(QUEUEING_LIMIT, outbox.flush()).await.unwrap();
    }
}
