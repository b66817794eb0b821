//! One file per channel, each the task that owns the channel's socket:
//! <https://jupyter-client.readthedocs.io/en/stable/messaging.html#introduction>.

pub(crate) mod heartbeat;
pub(crate) mod iopub;
pub(crate) mod requests;
pub(crate) mod stdin;

use std::time::Duration;

use bytes::Bytes;
use tracing::warn;
use zeromq::SocketRecv;

use crate::message::Message;
use crate::session::Session;

/// The next frames from a socket. An error is a peer's end, never the socket's: it is logged, and
/// the pause keeps one that repeats from taking the processor.
async fn receive(channel: &'static str, socket: &mut impl SocketRecv) -> Vec<Bytes> {
    loop {
        match socket.recv().await {
            Ok(message) => return message.into_vec(),
            Err(error) => {
                warn!(channel, %error, "a peer is gone");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

/// The next message from a socket, with its identities. Whatever is not one is logged and dropped.
async fn receive_message(
    channel: &'static str,
    socket: &mut impl SocketRecv,
    session: &Session,
) -> (Vec<Bytes>, Message) {
    loop {
        let frames = receive(channel, socket).await;
        match session.unpack(&frames) {
            Ok(received) => return received,
            Err(refused) => warn!(channel, %refused, "a message was dropped"),
        }
    }
}
