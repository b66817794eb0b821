use std::{
    fs::Permissions,
    io::{self, ErrorKind},
    os::{fd::OwnedFd, unix::fs::PermissionsExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::{
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    time::sleep,
};

/// How long a port of the connection file may be in use by somebody else.
const PORT_IN_USE_TIMEOUT: Duration = Duration::from_secs(1);
const PORT_RETRY_DELAY: Duration = Duration::from_millis(50);
/// How many connections may wait to be accepted.
const BACKLOG: i32 = 128;

/// Accepts the connections of frontends at the address in the connection file.
pub(crate) enum Listener {
    Tcp(TcpListener),
    Ipc(UnixListener, SocketFile),
}

/// A socket's file, removed when nothing listens there any more.
pub(crate) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Somebody else may have removed it.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Listener {
    /// Listens on a port. One that Jupyter has found free may be a connection's for a moment, or
    /// may still belong to a kernel that was killed, so a port in use is tried again.
    ///
    /// # Errors
    ///
    /// Fails if the system does, or if the port is still in use after a second.
    pub async fn tcp(ip: &str, port: u16) -> io::Result<Self> {
        let begun = Instant::now();
        loop {
            match TcpListener::bind((ip, port)).await {
                Err(error)
                    if error.kind() == ErrorKind::AddrInUse
                        && begun.elapsed() < PORT_IN_USE_TIMEOUT =>
                {
                    sleep(PORT_RETRY_DELAY).await;
                }
                bound => return bound.map(Self::Tcp),
            }
        }
    }

    /// Listens at a path, where only this user can connect, whatever the umask.
    ///
    /// # Errors
    ///
    /// Fails if the system does.
    pub fn ipc(path: &Path) -> io::Result<Self> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.bind(&SockAddr::unix(path)?)?;
        let file = SocketFile(path.to_owned());
        // Nobody can connect before it listens.
        std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        let listener = std::os::unix::net::UnixListener::from(OwnedFd::from(socket));
        Ok(Self::Ipc(UnixListener::from_std(listener)?, file))
    }
}

pub(super) async fn accept_tcp(listener: &TcpListener) -> io::Result<TcpStream> {
    let (peer, _) = listener.accept().await?;
    peer.set_nodelay(true)?;
    Ok(peer)
}

pub(super) async fn accept_ipc(listener: &UnixListener) -> io::Result<UnixStream> {
    Ok(listener.accept().await?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_else_can_connect_to_a_socket_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ipc-1");
        let mode = || std::fs::metadata(&path).map(|file| file.permissions().mode() & 0o777);
        let listener = Listener::ipc(&path).unwrap();
        assert_eq!(mode().unwrap(), 0o600);
        drop(listener);
        assert!(mode().is_err());
    }
}
