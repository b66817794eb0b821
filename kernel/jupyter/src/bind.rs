use std::fmt::Display;

use thiserror::Error;
use tokio::task::JoinSet;
use zeromq::{RouterSocket, Socket, XPubSocket};

use crate::channel::heartbeat;
use crate::connection::{ConnectionInfo, Transport};
use crate::frontend::{Frontend, Requests, Sockets, start};
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
    let shell: RouterSocket = open(info, "shell", info.shell_port).await?;
    let control: RouterSocket = open(info, "control", info.control_port).await?;
    let stdin: RouterSocket = open(info, "stdin", info.stdin_port).await?;
    let iopub: XPubSocket = open(info, "iopub", info.iopub_port).await?;
    let heartbeat: RouterSocket = open(info, "heartbeat", info.hb_port).await?;

    let mut tasks = JoinSet::new();
    tasks.spawn(heartbeat::echo(heartbeat));
    let sockets =
        Sockets { shell: shell.split(), control: control.split(), stdin: stdin.split(), iopub };
    Ok(start(Session::new(&info.key), sockets, tasks))
}

async fn open<S: Socket>(
    info: &ConnectionInfo,
    channel: &'static str,
    port: u16,
) -> Result<S, BindError> {
    let endpoint = info.endpoint(port);
    let failed = |reason: &dyn Display| BindError {
        channel,
        endpoint: endpoint.clone(),
        reason: reason.to_string(),
    };
    if info.transport == Transport::Ipc {
        remove_stale(&endpoint).map_err(|error| failed(&error))?;
    }
    let mut socket = S::new();
    socket.bind(&endpoint).await.map_err(|error| failed(&error))?;
    Ok(socket)
}

/// Removes the socket file that a killed kernel left behind: nobody listens, but nobody else could.
#[cfg(unix)]
fn remove_stale(endpoint: &str) -> std::io::Result<()> {
    use std::os::unix::net::UnixStream;
    let path = endpoint.trim_start_matches("ipc://");
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

#[cfg(not(unix))]
fn remove_stale(_endpoint: &str) -> std::io::Result<()> {
    Ok(())
}
