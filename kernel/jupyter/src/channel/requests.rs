//! Shell and control. Each is split in two tasks, so that neither a quiet frontend nor a kernel
//! that is slow to take requests holds up a reply.

use std::sync::Arc;

use tokio::sync::mpsc;
use zeromq::{SocketRecv, SocketSend};

use super::receive_message;
use crate::outbox::Outgoing;
use crate::request::{Channel, Request};
use crate::session::Session;

/// Reads requests until nobody takes them any more.
pub(crate) async fn read(
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

/// Sends replies until nobody can reply any more.
pub(crate) async fn reply(
    channel: Channel,
    mut socket: impl SocketSend,
    mut outgoing: mpsc::UnboundedReceiver<Outgoing>,
) {
    while let Some(reply) = outgoing.recv().await {
        reply.deliver(channel.name(), &mut socket).await;
    }
}
