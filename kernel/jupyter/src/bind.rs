use std::fmt::Display;

use thiserror::Error;
use tokio::sync::watch::Receiver;
use tokio::task::JoinSet;
use zeromq::{RouterSocket, Socket, XPubSocket};

use crate::channel::heartbeat;
use crate::connection::ConnectionInfo;
#[cfg(unix)]
use crate::connection::Transport;
use crate::frontend::{Frontend, Requests, Sockets, start};
#[cfg(unix)]
use crate::guard::{Guards, Listener};
use crate::session::Session;

/// A socket could not be opened.
#[derive(Debug, Error)]
#[error(
    "cannot listen on {endpoint} ({channel}): {reason}; restart the kernel, so that Jupyter picks other ports"
)]
pub struct BindError {
    channel: &'static str,
    endpoint: String,
    reason: String,
}

/// Opens the [five sockets](https://jupyter-client.readthedocs.io/en/stable/messaging.html#introduction)
/// and starts the tasks that own them.
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
    let frontend = frontend.behind(opening.guards);
    Ok((requests, frontend))
}

/// What is being opened.
struct Opening<'a> {
    info: &'a ConnectionInfo,
    tasks: JoinSet<()>,
    #[cfg(unix)]
    guards: Guards,
}

impl Opening<'_> {
    fn failed(&self, channel: &'static str, port: u16, reason: &dyn Display) -> BindError {
        BindError { channel, endpoint: self.info.endpoint(port), reason: reason.to_string() }
    }
}

#[cfg(unix)]
impl<'a> Opening<'a> {
    fn new(info: &'a ConnectionInfo) -> Result<Self, BindError> {
        let guards = Guards::new().map_err(|error| BindError {
            channel: "all",
            endpoint: std::env::temp_dir().display().to_string(),
            reason: error.to_string(),
        })?;
        Ok(Self { info, tasks: JoinSet::new(), guards })
    }

    /// The socket, and how many peers it has.
    async fn open<S: Socket>(
        &mut self,
        channel: &'static str,
        port: u16,
    ) -> Result<(S, Receiver<usize>), BindError> {
        let listener = self.listen(port).await;
        let door = listener.and_then(|to| self.guards.post(&mut self.tasks, channel, to));
        let (door, peers) = door.map_err(|error| self.failed(channel, port, &error))?;
        let mut socket = S::new();
        let bound = socket.bind_listener(door).await;
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

/// Without Unix sockets there is no door that only this process can pass.
#[cfg(not(unix))]
impl<'a> Opening<'a> {
    fn new(info: &'a ConnectionInfo) -> Result<Self, BindError> {
        Ok(Self { info, tasks: JoinSet::new() })
    }

    /// The socket; how many peers it has is not known, and so taken for one.
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

/// Removes the socket file that a killed kernel left behind: nobody listens, but nobody else could.
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
