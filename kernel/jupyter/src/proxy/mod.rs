//! Stands between each socket and its peers, for what zeromq 0.7 does not limit itself. Every
//! connection is relayed, byte for byte, to the zeromq socket behind, unless
//!
//! - a message claims more than 64 MB: zeromq would reserve that much memory, and a claim of more
//!   than the machine has ends the process, with or without the key;
//! - a peer has connected and does not finish the ZMTP [`handshake`];
//! - a peer does not read for ten seconds what it has subscribed to: an XPUB socket waits for its
//!   slowest subscriber, and so would all other frontends and the running cell.
//!
//! Such a connection is closed; a well-behaved peer reconnects. Once zeromq limits these three
//! itself, this module can go.

mod handshake;
mod inner_listener;
mod listener;
mod traffic;
mod zmtp;

use std::{io, path::PathBuf, pin::pin, time::Duration};

use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::UnixStream,
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};
use tracing::{debug, warn};

use self::{
    handshake::{Handshakes, Peer},
    inner_listener::{InnerFolder, InnerListener},
    listener::{accept_ipc, accept_tcp},
    traffic::{Counted, SentBytes},
    zmtp::{ProtocolError, Zmtp},
};
pub(crate) use listener::Listener;

/// How long a peer may leave unread what it has subscribed to.
const STALLED_READER_TIMEOUT: Duration = Duration::from_secs(10);
/// How many bytes are relayed at once.
const RELAY_BUFFER_BYTES: usize = 64 << 10;
/// The pause after an error of the system's, which may be out of files.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// The proxies of one kernel's sockets. Dropping them removes the inner sockets' folder.
pub(crate) struct Proxies {
    folder: InnerFolder,
    sent: SentBytes,
}

impl Proxies {
    /// Makes the folder of the inner sockets.
    ///
    /// # Errors
    ///
    /// Fails if the folder of the inner sockets cannot be created.
    pub fn new() -> io::Result<Self> {
        Ok(Self { folder: InnerFolder::new()?, sent: SentBytes::default() })
    }

    pub fn sent(&self) -> &SentBytes {
        &self.sent
    }

    /// Starts the proxy of one channel. Returns the listener for zeromq's socket, and how many peers
    /// the channel has at each time.
    ///
    /// # Errors
    ///
    /// Fails if the inner listener cannot be created.
    pub fn start(
        &self,
        tasks: &mut JoinSet<()>,
        channel: &'static str,
        listener: Listener,
    ) -> io::Result<(InnerListener, watch::Receiver<usize>)> {
        let inner = self.folder.path_of(channel);
        let inner_listener = InnerListener::bind(&inner)?;
        let (peers, peer_count) = watch::channel(0);
        let proxy = Proxy { channel, inner, sent: self.sent.clone(), peers };
        tasks.spawn(async move {
            match listener {
                Listener::Tcp(listener) => proxy.serve(|| accept_tcp(&listener)).await,
                Listener::Ipc(listener, _file) => proxy.serve(|| accept_ipc(&listener)).await,
            }
        });
        Ok((inner_listener, peer_count))
    }
}

/// The proxy of one channel.
#[derive(Clone)]
struct Proxy {
    channel: &'static str,
    inner: PathBuf,
    sent: SentBytes,
    peers: watch::Sender<usize>,
}

/// Says why a connection has ended.
#[derive(Debug, Error)]
enum End {
    #[error("{0}")]
    Refused(#[from] ProtocolError),
    #[error("it has not finished the handshake in time")]
    Silent,
    #[error("it has not read for {} s what was sent to it", STALLED_READER_TIMEOUT.as_secs())]
    Stalled,
    #[error("one side has ended it ({0})")]
    Over(#[from] io::Error),
}

impl Proxy {
    /// Accepts peers until the kernel ends. No error is final: the system's files may be free again
    /// in a moment.
    async fn serve<P, F>(self, accept: impl Fn() -> F)
    where
        P: AsyncRead + AsyncWrite + Send + 'static,
        F: Future<Output = io::Result<P>>,
    {
        let mut handshakes = Handshakes::default();
        loop {
            match accept().await {
                Ok(stream) => {
                    let peer = Peer::default();
                    // It ends with its connection, so it may still relay what the socket sent last.
                    let connection = tokio::spawn(self.clone().connect(stream, peer.clone()));
                    handshakes.add(peer, connection.abort_handle());
                }
                Err(error) => {
                    warn!(channel = self.channel, %error, "a connection was not accepted");
                    sleep(ACCEPT_RETRY_DELAY).await;
                }
            }
        }
    }

    async fn connect(self, stream: impl AsyncRead + AsyncWrite, peer: Peer) {
        let end = tokio::select! {
            end = self.relay(stream, &peer) => match end {
                Err(end) => end,
                Ok(()) => return,
            },
            () = peer.times_out() => End::Silent,
        };
        match end {
            End::Over(_) => debug!(channel = self.channel, %end, "a connection has ended"),
            _ => warn!(channel = self.channel, %end, "a connection was closed"),
        }
    }

    /// Relays a connection. The socket learns of a peer only when it has begun to speak ZMTP.
    ///
    /// When a later peer of the same identity has taken a peer's place, the socket closes its end. The peer's own end
    /// stays open, as with libzmq's `ROUTER_HANDOVER`: otherwise the peer would connect again and take the place back,
    /// and replies would go to either of the two. Gateways leave such a peer behind for each reconnected page.
    async fn relay(&self, stream: impl AsyncRead + AsyncWrite, peer: &Peer) -> Result<(), End> {
        let (mut from_peer, to_peer) = tokio::io::split(stream);
        let mut zmtp = Zmtp::new();
        let mut bytes = vec![0; RELAY_BUFFER_BYTES];
        let read = from_peer.read(&mut bytes).await?;
        zmtp.follow(&bytes[..read])?;
        let _counted = Counted::new(&self.peers);
        let (from_socket, mut to_socket) = UnixStream::connect(&self.inner).await?.into_split();
        to_socket.write_all(&bytes[..read]).await?;
        drop(bytes);
        let mut inward = pin!(inward(from_peer, to_socket, zmtp, peer));
        tokio::select! {
            end = &mut inward => end,
            end = outward(from_socket, to_peer, &self.sent) => match end {
                Ok(()) if self.channel != "iopub" && peer.is_ready() => inward.await,
                end => end,
            },
        }
    }
}

/// Relays from the peer to the socket.
async fn inward(
    mut stream: impl AsyncRead + Unpin,
    mut socket: impl AsyncWrite + Unpin,
    mut zmtp: Zmtp,
    peer: &Peer,
) -> Result<(), End> {
    let mut bytes = vec![0; RELAY_BUFFER_BYTES];
    loop {
        if zmtp.is_ready() {
            peer.set_ready();
        }
        match stream.read(&mut bytes).await? {
            0 => return Ok(()),
            read => {
                zmtp.follow(&bytes[..read])?;
                // If the socket has been closed, what it said last is still relayed.
                let _ = socket.write_all(&bytes[..read]).await;
            }
        }
    }
}

/// Relays from the socket to the peer.
async fn outward(
    mut socket: impl AsyncRead + Unpin,
    mut stream: impl AsyncWrite + Unpin,
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
