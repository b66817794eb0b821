//! Stands between each socket and whoever connects to it, for what zeromq 0.7 does not do itself.
//! Every connection is passed on, byte for byte, to the socket behind, unless
//!
//! - a message claims more than 64 MB: zeromq would set the room aside, and a claim of more than
//!   there is ends the process, key or no key;
//! - a peer has connected and does not say who it is ([`lobby`]);
//! - a peer does not read for ten seconds what it asked for: an XPUB waits for its slowest
//!   subscriber, and so would all others, and the running cell.
//!
//! Such a peer's connection is closed; one that is in its right mind connects again.

mod lobby;
mod zmtp;

use std::io::{self, ErrorKind::AddrInUse};
use std::os::unix::net::UnixListener as Door;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use lobby::{Guest, Lobby};
use zmtp::{Refused, Zmtp};

/// Of the folders with the doors.
const PREFIX: &str = "livy-kernel-sockets-";
/// How long a peer may leave what it asked for unread.
const STALLED: Duration = Duration::from_secs(10);
/// How much is passed on at once.
const PIECE: usize = 64 << 10;
/// How long a port may be in use that this kernel is to have.
const TAKEN: Duration = Duration::from_secs(1);
/// After an error of the system's, which may be out of files.
const PAUSE: Duration = Duration::from_millis(50);

/// The guards of one kernel's sockets.
pub(crate) struct Guards {
    /// Has the sockets' own doors, which nobody else may pass.
    folder: TempDir,
    passed: Passed,
}

/// How many bytes have been passed on to peers.
#[derive(Clone, Default)]
pub(crate) struct Passed(Arc<AtomicU64>);

impl Passed {
    /// Waits until nothing has been passed on for this long.
    pub async fn quiet(&self, moment: Duration) {
        loop {
            let before = self.0.load(Ordering::Relaxed);
            sleep(moment).await;
            if self.0.load(Ordering::Relaxed) == before {
                return;
            }
        }
    }
}

/// Where peers connect.
pub(crate) enum Listener {
    Tcp(TcpListener),
    Ipc(UnixListener, SocketFile),
}

/// Removed when nobody listens any more.
pub(crate) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Somebody else may have removed it.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Listener {
    /// A port that Jupyter has found free may be a connection's for a moment, or still be that of a kernel that was
    /// killed.
    pub async fn tcp(ip: &str, port: u16) -> io::Result<Self> {
        let begun = Instant::now();
        loop {
            match TcpListener::bind((ip, port)).await {
                Err(error) if error.kind() == AddrInUse && begun.elapsed() < TAKEN => {
                    sleep(PAUSE).await;
                }
                bound => return bound.map(Self::Tcp),
            }
        }
    }

    pub fn ipc(path: &Path) -> io::Result<Self> {
        Ok(Self::Ipc(UnixListener::bind(path)?, SocketFile(path.to_owned())))
    }
}

impl Guards {
    pub fn new() -> io::Result<Self> {
        sweep();
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
        Ok(Self { folder, passed: Passed::default() })
    }

    pub fn passed(&self) -> Passed {
        self.passed.clone()
    }

    /// Guards one socket, which is to listen at the door that is returned. Tells, too, how many peers
    /// it has at each time.
    pub fn post(
        &self,
        tasks: &mut JoinSet<()>,
        channel: &'static str,
        listener: Listener,
    ) -> io::Result<(Door, watch::Receiver<usize>)> {
        let path = self.folder.path().join(channel);
        let door = Door::bind(&path)?;
        let (present, peers) = watch::channel(0);
        let guard = Guard { channel, door: path, passed: self.passed.clone(), present };
        tasks.spawn(async move {
            match listener {
                Listener::Tcp(listener) => guard.receive(|| accept_tcp(&listener)).await,
                Listener::Ipc(listener, _file) => guard.receive(|| accept_ipc(&listener)).await,
            }
        });
        Ok((door, peers))
    }
}

/// Removes the folders of kernels that were killed: their doors are there, and nobody is behind.
fn sweep() {
    let Ok(entries) = std::fs::read_dir(std::env::temp_dir()) else { return };
    let folders = entries.flatten().map(|entry| entry.path());
    for folder in folders.filter(|path| has_prefix(path) && is_old(path) && is_deserted(path)) {
        // Another kernel may be faster.
        let _ = std::fs::remove_dir_all(folder);
    }
}

fn has_prefix(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX))
}

/// So that no kernel is disturbed that is just opening its doors.
fn is_old(folder: &Path) -> bool {
    let modified = std::fs::metadata(folder).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > Duration::from_secs(60)))
}

fn is_deserted(folder: &Path) -> bool {
    let answer = std::os::unix::net::UnixStream::connect(folder.join("shell"));
    answer.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

async fn accept_tcp(listener: &TcpListener) -> io::Result<tokio::net::TcpStream> {
    let (peer, _) = listener.accept().await?;
    peer.set_nodelay(true)?;
    Ok(peer)
}

async fn accept_ipc(listener: &UnixListener) -> io::Result<UnixStream> {
    Ok(listener.accept().await?.0)
}

/// One socket's guard.
#[derive(Clone)]
struct Guard {
    channel: &'static str,
    door: PathBuf,
    passed: Passed,
    present: watch::Sender<usize>,
}

/// A peer, until it is dropped.
struct Presence<'a>(&'a watch::Sender<usize>);

impl<'a> Presence<'a> {
    fn begin(present: &'a watch::Sender<usize>) -> Self {
        present.send_modify(|peers| *peers += 1);
        Self(present)
    }
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|peers| *peers -= 1);
    }
}

/// Why a connection was ended.
#[derive(Debug, Error)]
enum End {
    #[error("{0}")]
    Refused(#[from] Refused),
    #[error("it has not said in time who it is")]
    Silent,
    #[error("it has not read for {} s what was sent to it", STALLED.as_secs())]
    Stalled,
    #[error("one side has ended it ({0})")]
    Over(#[from] io::Error),
}

impl Guard {
    /// Lets peers in until the kernel ends. No error is for ever: the system's files may be free
    /// again in a moment.
    async fn receive<P, F>(self, accept: impl Fn() -> F)
    where
        P: AsyncRead + AsyncWrite + Send + 'static,
        F: Future<Output = io::Result<P>>,
    {
        let mut lobby = Lobby::default();
        loop {
            match accept().await {
                Ok(peer) => {
                    let guest = Guest::default();
                    // It ends with its connection, and may pass on what the socket said last.
                    let visit = tokio::spawn(self.clone().attend(peer, guest.clone()));
                    lobby.enter(guest, visit.abort_handle());
                }
                Err(error) => {
                    warn!(channel = self.channel, %error, "a connection was not accepted");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    async fn attend(self, peer: impl AsyncRead + AsyncWrite, guest: Guest) {
        let end = tokio::select! {
            end = self.relay(peer, &guest) => match end {
                Err(end) => end,
                Ok(()) => return,
            },
            () = guest.overstays() => End::Silent,
        };
        match end {
            End::Over(_) => debug!(channel = self.channel, %end, "a connection has ended"),
            _ => warn!(channel = self.channel, %end, "a connection was closed"),
        }
    }

    /// The socket learns of a peer only when it has begun to speak ZeroMQ.
    async fn relay(&self, peer: impl AsyncRead + AsyncWrite, guest: &Guest) -> Result<(), End> {
        let (mut from_peer, to_peer) = tokio::io::split(peer);
        let mut zmtp = Zmtp::new();
        let mut bytes = vec![0; PIECE];
        let read = from_peer.read(&mut bytes).await?;
        zmtp.follow(&bytes[..read])?;
        let _presence = Presence::begin(&self.present);
        let (from_socket, mut to_socket) = UnixStream::connect(&self.door).await?.into_split();
        to_socket.write_all(&bytes[..read]).await?;
        drop(bytes);
        tokio::select! {
            end = inward(from_peer, to_socket, zmtp, guest) => end,
            end = outward(from_socket, to_peer, &self.passed) => end,
        }
    }
}

/// From the peer to the socket.
async fn inward(
    mut peer: impl AsyncRead + Unpin,
    mut socket: impl AsyncWrite + Unpin,
    mut zmtp: Zmtp,
    guest: &Guest,
) -> Result<(), End> {
    let mut bytes = vec![0; PIECE];
    loop {
        if zmtp.is_introduced() {
            guest.is_introduced();
        }
        match peer.read(&mut bytes).await? {
            0 => return Ok(()),
            read => {
                zmtp.follow(&bytes[..read])?;
                if socket.write_all(&bytes[..read]).await.is_err() {
                    // The socket has been closed; what it said last is still passed on.
                    return std::future::pending().await;
                }
            }
        }
    }
}

/// From the socket to the peer.
async fn outward(
    mut socket: impl AsyncRead + Unpin,
    mut peer: impl AsyncWrite + Unpin,
    passed: &Passed,
) -> Result<(), End> {
    let mut bytes = vec![0; PIECE];
    loop {
        match socket.read(&mut bytes).await? {
            0 => return Ok(()),
            read => {
                let written = timeout(STALLED, peer.write_all(&bytes[..read])).await;
                written.map_err(|_| End::Stalled)??;
                passed.0.fetch_add(read as u64, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    /// A folder as a kernel has it, made two minutes ago.
    fn folder() -> (TempDir, Door) {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir().unwrap();
        let door = Door::bind(folder.path().join("shell")).unwrap();
        let earlier = SystemTime::now() - Duration::from_secs(120);
        std::fs::File::open(folder.path()).unwrap().set_modified(earlier).unwrap();
        (folder, door)
    }

    #[test]
    fn folders_of_killed_kernels_are_removed_and_those_of_living_ones_stay() {
        let ((killed, door), (living, _door)) = (folder(), folder());
        drop(door);
        sweep();
        assert!(!killed.path().exists());
        assert!(living.path().exists());
    }
}
