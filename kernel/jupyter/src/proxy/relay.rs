//! Relays one connection between a peer and zeromq's socket, byte for byte.
//!
//! When another peer of the same identity comes, zeromq closes its end of the earlier one's connection. Gateways leave
//! such peers behind for each page that connects again, and after a restart they come in any order. So the earlier peer's
//! own end stays open: it would connect again otherwise, and take the place back although it never speaks. The place goes
//! to the peer that speaks, which thus gets the replies to what it asks.

use std::{future::pending, io, path::Path, time::Duration};

use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

use super::{
    handshake::Peer,
    traffic::SentBytes,
    zmtp::{GREETING_BYTES, LONG, ProtocolError, Zmtp},
};

/// How long a peer may leave unread what it has subscribed to.
const STALLED_READER_TIMEOUT: Duration = Duration::from_secs(10);
/// How many bytes are relayed at once.
const RELAY_BUFFER_BYTES: usize = 64 << 10;

/// Says why a connection has ended.
#[derive(Debug, Error)]
pub(super) enum End {
    #[error("{0}")]
    Refused(#[from] ProtocolError),
    #[error("it has not finished the handshake in time")]
    Silent,
    #[error("it has not read for {} s what was sent to it", STALLED_READER_TIMEOUT.as_secs())]
    Stalled,
    #[error("one side has ended it ({0})")]
    Over(#[from] io::Error),
}

/// What comes from a peer.
pub(super) struct Incoming<'a, S> {
    stream: ReadHalf<S>,
    peer: &'a Peer,
    zmtp: Zmtp,
    buffer: Vec<u8>,
    /// The part of the buffer that the socket has not got yet.
    unsent: usize,
    /// Whether that begins with a message.
    begins_message: bool,
    /// What the peer has sent first: its greeting and `READY`.
    hello: Vec<u8>,
}

impl<'a, S: AsyncRead> Incoming<'a, S> {
    pub fn new(stream: ReadHalf<S>, peer: &'a Peer) -> Self {
        let (buffer, hello) = (vec![0; RELAY_BUFFER_BYTES], Vec::new());
        let zmtp = Zmtp::new();
        Self { stream, peer, zmtp, buffer, unsent: 0, begins_message: false, hello }
    }

    /// Reads what comes next; false at the end.
    pub async fn read(&mut self) -> Result<bool, End> {
        self.begins_message = self.zmtp.is_between_messages();
        let read = self.stream.read(&mut self.buffer).await?;
        let bytes = &self.buffer[..read];
        let handshake = self.zmtp.follow_handshake(bytes)?;
        self.hello.extend_from_slice(&bytes[..handshake]);
        self.zmtp.follow(&bytes[handshake..])?;
        self.unsent = read;
        if self.zmtp.is_ready() {
            self.peer.set_ready();
        }
        Ok(read > 0)
    }

    /// Whether another connection to the socket can go on where this one has ended.
    fn can_go_on(&self) -> bool {
        match self.unsent {
            0 => self.zmtp.is_between_messages(),
            _ => self.begins_message,
        }
    }

    /// Gives the socket what comes, until the peer ends.
    async fn relay(&mut self, socket: &mut OwnedWriteHalf) -> Result<(), End> {
        loop {
            if socket.write_all(&self.buffer[..self.unsent]).await.is_err() {
                // The socket has been closed; what it said last is still relayed.
                return pending().await;
            }
            self.unsent = 0;
            if !self.read().await? {
                return Ok(());
            }
        }
    }
}

/// A connection.
pub(super) struct Relay<'a, S, W> {
    /// The path of the socket behind.
    pub inner: &'a Path,
    /// What comes from the peer, which has begun to speak.
    pub incoming: Incoming<'a, S>,
    pub to_peer: W,
    pub sent: &'a SentBytes,
}

impl<S: AsyncRead, W: AsyncWrite + Unpin> Relay<'_, S, W> {
    /// Relays until one side ends. A peer `may_return` to the socket that has closed its connection.
    pub async fn run(mut self, may_return: bool) -> Result<(), End> {
        let (mut from_socket, mut to_socket) = UnixStream::connect(self.inner).await?.into_split();
        loop {
            tokio::select! {
                end = self.incoming.relay(&mut to_socket) => return end,
                end = outward(from_socket, &mut self.to_peer, self.sent) => end?,
            }
            let goes_on = may_return && self.incoming.can_go_on();
            if !goes_on || self.incoming.unsent == 0 && !self.incoming.read().await? {
                return Ok(());
            }
            (from_socket, to_socket) = connect_again(self.inner, &self.incoming.hello).await?;
        }
    }
}

/// Introduces the peer to the socket again. The peer has had the socket's own words at its first time.
async fn connect_again(inner: &Path, hello: &[u8]) -> io::Result<(OwnedReadHalf, OwnedWriteHalf)> {
    let (mut from_socket, mut to_socket) = UnixStream::connect(inner).await?.into_split();
    to_socket.write_all(hello).await?;
    skip(&mut from_socket, GREETING_BYTES as u64).await?;
    let length = match from_socket.read_u8().await? & LONG {
        0 => u64::from(from_socket.read_u8().await?),
        _ => from_socket.read_u64().await?,
    };
    skip(&mut from_socket, length).await?;
    Ok((from_socket, to_socket))
}

async fn skip(socket: &mut OwnedReadHalf, length: u64) -> io::Result<()> {
    tokio::io::copy(&mut socket.take(length), &mut tokio::io::sink()).await.map(drop)
}

/// Relays from the socket to the peer.
async fn outward(
    mut socket: OwnedReadHalf,
    stream: &mut (impl AsyncWrite + Unpin),
    sent: &SentBytes,
) -> Result<(), End> {
    let mut bytes = vec![0; RELAY_BUFFER_BYTES];
    loop {
        match socket.read(&mut bytes).await? {
            0 => return Ok(()),
            read => {
                let written =
                    timeout(STALLED_READER_TIMEOUT, stream.write_all(&bytes[..read])).await;
                written.map_err(|_| End::Stalled)??;
                sent.add(read);
            }
        }
    }
}
