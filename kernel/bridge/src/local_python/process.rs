//! The process of the local Python: an IPython kernel whose sockets only this user can reach.

use std::{path::Path, process::Stdio, sync::Arc, time::Duration};

use jupyter_wire::{Channel, Client, ConnectionInfo, Received};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    sync::{mpsc, watch},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    error::CellError,
    local_python::listeners::Listeners,
    platform::{private_file, task},
};

/// How long it may take to start.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How often it is asked whether it has started.
const ASK_INTERVAL: Duration = Duration::from_millis(200);
/// How long it may take to end by itself.
const END_LIMIT: Duration = Duration::from_millis(800);

/// A running local Python.
pub struct Process {
    /// The way to it.
    pub client: Client,
    /// Who waits for what it says.
    pub listeners: Arc<Listeners>,
    /// Cancelled to kill it.
    kill: CancellationToken,
    ended: watch::Receiver<bool>,
    /// Its sockets and its connection file.
    _folder: TempDir,
}

impl Process {
    /// Starts ipykernel in this Python, and waits until it answers.
    ///
    /// # Errors
    ///
    /// It does not start, or not in time.
    pub async fn start(python: &Path) -> Result<Self, CellError> {
        let folder = private_file::temporary_folder("livy-kernel-local-").map_err(failed)?;
        let connection = connection_in(&folder);
        let info = ConnectionInfo::parse(&connection.to_string()).map_err(failed)?;
        let file = folder.path().join("kernel.json");
        private_file::write_json(&file, &connection).map_err(failed)?;
        let child = spawn(python, &file).map_err(failed)?;
        let kill = CancellationToken::new();
        let (note_end, mut ended) = watch::channel(false);
        task::spawn_detached(
            "it watched the local Python",
            watch_over(child, kill.clone(), note_end),
        );
        let kill_if_dropped = kill.clone().drop_guard();
        let (client, listeners) = tokio::select! {
            _ = ended.wait_for(|ended| *ended) => Err(failed("it ended at once; Jupyter's log has its error")),
            connected = timeout(START_LIMIT, connect(&info)) => match connected {
                Ok(connected) => connected,
                Err(_) => Err(failed("it did not answer within a minute")),
            },
        }?;
        kill_if_dropped.disarm();
        Ok(Self { client, listeners, kill, ended, _folder: folder })
    }

    /// Whether the process is gone.
    pub fn has_ended(&self) -> bool {
        *self.ended.borrow()
    }

    /// Returns when the process is gone.
    pub async fn until_ended(&self) {
        // It fails when nobody watches the process any more, which then has been killed.
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }

    /// Asks it to end, and kills it if it does not.
    pub async fn end(&self) {
        self.client.send(Channel::Control, "shutdown_request", &json!({"restart": false}));
        let _ = timeout(END_LIMIT, self.until_ended()).await;
        self.kill().await;
    }

    /// Kills it.
    pub async fn kill(&self) {
        self.kill.cancel();
        self.until_ended().await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill.cancel();
    }
}

fn failed(why: impl std::fmt::Display) -> CellError {
    CellError::new(
        "LocalPythonError",
        format!("the Python of this machine that runs %%local cells did not start: {why}"),
        "Run the cell again; if that fails, too, try: python3 -m ipykernel_launcher",
    )
}

/// Unix sockets in a folder that is closed to others.
fn connection_in(folder: &TempDir) -> Value {
    json!({
        "transport": "ipc", "ip": folder.path().join("socket"), "key": Uuid::new_v4().to_string(),
        "signature_scheme": "hmac-sha256",
        "shell_port": 1, "control_port": 2, "stdin_port": 3, "iopub_port": 4, "hb_port": 5,
    })
}

/// ipykernel ends by itself when its parent, which it is told, is gone.
fn spawn(python: &Path, file: &Path) -> std::io::Result<Child> {
    let mut command = Command::new(python);
    command
        .args(["-m", "ipykernel_launcher", "-f"])
        .arg(file)
        .env("JPY_PARENT_PID", std::process::id().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    // An interrupt from a terminal is meant for the cell, and comes as a message.
    #[cfg(unix)]
    command.process_group(0);
    command.spawn()
}

async fn watch_over(mut child: Child, kill: CancellationToken, note_end: watch::Sender<bool>) {
    if kill.run_until_cancelled(child.wait()).await.is_none()
        && let Err(error) = child.kill().await
    {
        tracing::warn!("the local Python could not be ended: {error}");
    }
    note_end.send_replace(true);
}

/// Returns when it answers, and what it publishes is heard.
async fn connect(info: &ConnectionInfo) -> Result<(Client, Arc<Listeners>), CellError> {
    while !Path::new(&format!("{}-{}", info.ip, info.iopub_port)).exists() {
        sleep(ASK_INTERVAL / 4).await;
    }
    let (client, mut received) = Client::connect(info).await.map_err(failed)?;
    let ask = || client.send(Channel::Shell, "kernel_info_request", &json!({}));
    ask();
    let (mut answered, mut heard) = (false, false);
    while !(answered && heard) {
        match timeout(ASK_INTERVAL, received.recv()).await {
            Ok(Some(Received::Reply(_))) => answered = true,
            Ok(Some(Received::Publication(_))) => heard = true,
            Ok(Some(Received::Question(_))) => {}
            Ok(None) => return Err(failed("its sockets have closed")),
            Err(_) => drop(ask()),
        }
    }
    let listeners = Arc::<Listeners>::default();
    task::spawn_detached("it heard the local Python", hear(received, Arc::clone(&listeners)));
    Ok((client, listeners))
}

async fn hear(mut received: mpsc::Receiver<Received>, listeners: Arc<Listeners>) {
    while let Some(message) = received.recv().await {
        listeners.pass_on(message).await;
    }
}
