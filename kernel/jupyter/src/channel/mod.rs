//! One file per channel, each the task that owns the channel's socket:
//! <https://jupyter-client.readthedocs.io/en/stable/messaging.html#introduction>.

pub(crate) mod heartbeat;
pub(crate) mod iopub;
pub(crate) mod requests;
pub(crate) mod stdin;

use std::time::Duration;

use bytes::Bytes;
use tokio::time::sleep;
use tracing::warn;
use zeromq::SocketRecv;

use crate::{message::Message, session::Session};

const ERROR_DELAY: Duration = Duration::from_millis(10);

/// Receives the next frames from a socket. An error is a peer's end, never the socket's: it is logged,
/// and the pause keeps a repeated one from taking the processor.
async fn receive(channel: &'static str, socket: &mut impl SocketRecv) -> Vec<Bytes> {
    loop {
        match socket.recv().await {
            Ok(message) => return message.into_vec(),
            Err(error) => {
                warn!(channel, %error, "a peer is gone");
                sleep(ERROR_DELAY).await;
            }
        }
    }
}

/// Receives the next message from a socket, with its identities. Anything else is logged and dropped.
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
