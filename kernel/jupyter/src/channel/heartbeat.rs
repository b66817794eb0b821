use zeromq::{SocketRecv, SocketSend};

use super::receive;
use crate::outbox::send;

const CHANNEL: &str = "heartbeat";

/// Echoes each message to its sender:
/// <https://jupyter-client.readthedocs.io/en/stable/messaging.html#heartbeat-for-kernels>.
///
/// The socket is a ROUTER, as in ipykernel, so that a peer that breaks off does not disturb the
/// others; a REP socket of zeromq 0.7 reports such a peer again and again.
pub(crate) async fn echo(mut socket: impl SocketRecv + SocketSend) {
    loop {
        let frames = receive(CHANNEL, &mut socket).await;
        send(CHANNEL, &mut socket, frames).await;
    }
}
