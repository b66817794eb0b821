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
mod relay;
mod traffic;
mod zmtp;

use std::{io, path::PathBuf, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    task::JoinSet,
    time::sleep,
};
use tracing::{debug, warn};

use self::{
    handshake::{Handshakes, Peer},
    inner_listener::{InnerFolder, InnerListener},
    listener::{accept_ipc, accept_tcp},
    relay::{End, Incoming, Relay},
    traffic::{Counted, SentBytes},
};
pub(crate) use listener::Listener;

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
    async fn relay(&self, stream: impl AsyncRead + AsyncWrite, peer: &Peer) -> Result<(), End> {
        let (from_peer, to_peer) = tokio::io::split(stream);
        let mut incoming = Incoming::new(from_peer, peer);
        if !incoming.read().await? {
            return Ok(());
        }
        let _counted = Counted::new(&self.peers);
        Relay { inner: &self.inner, incoming, to_peer, sent: &self.sent }
            .run(self.channel != "iopub")
            .await
    }
}
