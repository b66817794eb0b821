//! Shell and control. Each is split in two tasks, so that neither a quiet frontend nor a kernel
//! that is slow to take requests delays a reply.

use std::sync::Arc;

use tokio::sync::mpsc;
use zeromq::{SocketRecv, SocketSend};

use super::receive_message;
use crate::{
    outbox::Outgoing,
    request::{Channel, Request},
    session::Session,
};

/// Reads requests until the kernel takes none any more.
pub(crate) async fn receive_requests(
    channel: Channel,
    mut socket: impl SocketRecv,
    session: Arc<Session>,
    requests: mpsc::Sender<Request>,
) {
    loop {
        let (identities, message) = receive_message(channel.name(), &mut socket, &session).await;
        if requests.send(Request::new(channel, identities, message)).await.is_err() {
            return;
        }
    }
}

/// Sends replies until the last clone of the frontend is gone.
pub(crate) async fn send_replies(
    channel: Channel,
    mut socket: impl SocketSend,
    mut outgoing: mpsc::UnboundedReceiver<Outgoing>,
) {
    while let Some(reply) = outgoing.recv().await {
        reply.deliver(channel.name(), &mut socket).await;
    }
}
