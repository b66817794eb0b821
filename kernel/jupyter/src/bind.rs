use std::{fmt::Display, path::PathBuf};

use thiserror::Error;
use tokio::{sync::watch::Receiver, task::JoinSet};
use zeromq::{RouterSocket, Socket, XPubSocket};

#[cfg(unix)]
use crate::connection::Transport;
#[cfg(unix)]
use crate::proxy::{Listener, Proxies};
use crate::{
    channel::heartbeat,
    connection::ConnectionInfo,
    frontend::Frontend,
    request::Requests,
    session::Session,
    sockets::{Sockets, start},
};

/// Says which socket could not be opened, and why.
#[derive(Debug, Error)]
pub enum BindError {
    /// The system refused to listen, for example because the port is in use.
    #[error(
        "cannot listen on {endpoint} ({channel}): {reason}; restart the kernel, so that Jupyter picks other ports"
    )]
    Listen {
        /// The channel, such as `shell`.
        channel: &'static str,
        /// The ZeroMQ endpoint, such as `tcp://127.0.0.1:5555`.
        endpoint: String,
        /// The system's error.
        reason: String,
    },
    /// The private folder of the inner sockets could not be created.
    #[error(
        "the temporary folder {} cannot be written: {error}; set TMPDIR to a folder that can, and start the kernel again",
        folder.display()
    )]
    Folder {
        /// The system's temporary folder.
        folder: PathBuf,
        /// The system's error.
        error: std::io::Error,
    },
}

/// Opens the [five sockets](https://jupyter-client.readthedocs.io/en/stable/messaging.html#introduction)
/// and starts the tasks that own them. To be called within a tokio runtime.
///
/// # Errors
///
/// Fails if a port is in use for longer than a second, or if the system's temporary folder cannot be
/// written.
pub async fn bind(info: &ConnectionInfo) -> Result<(Requests, Frontend), BindError> {
    let mut opening = Opening::new(info)?;
    let (shell, _): (RouterSocket, _) = opening.open("shell", info.shell_port).await?;
    let (control, _): (RouterSocket, _) = opening.open("control", info.control_port).await?;
    let (stdin, _): (RouterSocket, _) = opening.open("stdin", info.stdin_port).await?;
    let (iopub, peers): (XPubSocket, _) = opening.open("iopub", info.iopub_port).await?;
    let (heartbeat, _): (RouterSocket, _) = opening.open("heartbeat", info.hb_port).await?;

    opening.tasks.spawn(heartbeat::echo(heartbeat));
    let sockets = Sockets {
        shell: shell.split(),
        control: control.split(),
        stdin: stdin.split(),
        iopub,
        peers,
    };
    let (requests, frontend) = start(Session::new(&info.key), sockets, opening.tasks);
    #[cfg(unix)]
    let frontend = frontend.with_proxies(opening.proxies);
    Ok((requests, frontend))
}

/// The sockets opened so far, by their tasks.
struct Opening<'a> {
    info: &'a ConnectionInfo,
    tasks: JoinSet<()>,
    #[cfg(unix)]
    proxies: Proxies,
}

impl Opening<'_> {
    fn failed(&self, channel: &'static str, port: u16, reason: &dyn Display) -> BindError {
        let (endpoint, reason) = (self.info.endpoint(port), reason.to_string());
        BindError::Listen { channel, endpoint, reason }
    }
}

#[cfg(unix)]
impl<'a> Opening<'a> {
    fn new(info: &'a ConnectionInfo) -> Result<Self, BindError> {
        let proxies = Proxies::new()
            .map_err(|error| BindError::Folder { folder: std::env::temp_dir(), error })?;
        Ok(Self { info, tasks: JoinSet::new(), proxies })
    }

    /// Opens a socket behind a proxy, which counts its peers.
    async fn open<S: Socket>(
        &mut self,
        channel: &'static str,
        port: u16,
    ) -> Result<(S, Receiver<usize>), BindError> {
        let listener = self.listen(port).await;
        let inner = listener.and_then(|outer| self.proxies.start(&mut self.tasks, channel, outer));
        let (inner, peers) = inner.map_err(|error| self.failed(channel, port, &error))?;
        let mut socket = S::new();
        let bound = socket.bind_listener(inner).await;
        bound.map_err(|error| self.failed(channel, port, &error))?;
        Ok((socket, peers))
    }

    async fn listen(&self, port: u16) -> std::io::Result<Listener> {
        let address = self.info.address(port);
        match self.info.transport {
            Transport::Tcp => Listener::tcp(&address, port).await,
            Transport::Ipc => {
                remove_stale(&address)?;
                Listener::ipc(address.as_ref())
            }
        }
    }
}

/// Without Unix sockets, which only this user can connect to, zeromq listens itself.
#[cfg(not(unix))]
impl<'a> Opening<'a> {
    fn new(info: &'a ConnectionInfo) -> Result<Self, BindError> {
        Ok(Self { info, tasks: JoinSet::new() })
    }

    /// Opens a socket. How many peers it has is not known, so one is assumed.
    async fn open<S: Socket>(
        &mut self,
        channel: &'static str,
        port: u16,
    ) -> Result<(S, Receiver<usize>), BindError> {
        let mut socket = S::new();
        let bound = socket.bind(&self.info.endpoint(port)).await;
        bound.map_err(|error| self.failed(channel, port, &error))?;
        Ok((socket, tokio::sync::watch::channel(1).1))
    }
}

/// Removes the socket file that a killed kernel left behind, where nobody else could listen now.
#[cfg(unix)]
fn remove_stale(path: &str) -> std::io::Result<()> {
    use std::os::unix::net::UnixStream;
    match UnixStream::connect(path) {
        // A file of another kind refuses too, and is not ours to remove.
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused && is_socket(path) => {
            std::fs::remove_file(path)
        }
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn is_socket(path: &str) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
}
