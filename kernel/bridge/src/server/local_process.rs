//! Spark on this machine: a process beside the kernel, `livy-kernel local --beside FILE`, which
//! outlives a kernel that is killed. The file, which only this user can read, says where the process
//! answers, and is its lease: the process ends without it, or when no kernel has asked for a while.
//!
//! The kernel asks through a Unix socket that only this user can reach. The port is for a browser: once
//! the process has died, another user's program may listen on it, which must get no code and no token.

use std::{
    fmt,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use livy_client::{Endpoint, Options, ResendPolicy};
#[cfg(unix)]
use rustix::process::geteuid;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    time::sleep,
};

use crate::{
    error::CellError,
    platform::{file_limit, private_file},
    settings::LIVY_URL,
};

/// How long to wait between two looks whether the process has ended.
const EXIT_POLL_INTERVAL: Duration = Duration::from_millis(25);
/// Requests on loopback are hardly sent again: nothing is lost on the way, and a process that is gone
/// does not come back.
const LOOPBACK_RESEND: ResendPolicy =
    ResendPolicy { within: Duration::from_millis(500), throttled_within: Duration::from_secs(10) };

/// Where the process answers, and which token it asks for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The port on 127.0.0.1.
    pub port: u16,
    /// The Unix socket.
    #[cfg(unix)]
    pub socket: PathBuf,
    /// The bearer token that each request must have.
    pub token: String,
    /// The version of Spark.
    pub spark: String,
}

impl fmt::Debug for Lease {
    /// Leaves the token out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("port", &self.port).field("spark", &self.spark).finish()
    }
}

impl Lease {
    /// Reads the file; none if it cannot be read.
    pub fn read(path: &Path) -> Option<Self> {
        private_file::read_json(path)
    }

    /// Whether the file is gone, or has another lease in it. An error that passes, such as too many open
    /// files, is no sign of that.
    pub fn is_over(&self, path: &Path) -> bool {
        match private_file::read(path) {
            Ok(text) => serde_json::from_slice(&text).ok().as_ref() != Some(self),
            Err(error) => {
                matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied)
            }
        }
    }

    /// The Unix socket; on systems that have none, the port is used.
    fn socket(&self) -> Option<PathBuf> {
        #[cfg(unix)]
        return Some(self.socket.clone());
        #[cfg(not(unix))]
        None
    }

    /// Whether the process has stopped listening, or another user's listens there. An error that passes,
    /// such as a full queue of connections, is no sign of that.
    #[cfg(unix)]
    async fn is_gone(&self) -> bool {
        match tokio::net::UnixStream::connect(&self.socket).await {
            Ok(stream) => !stream.peer_cred().is_ok_and(|who| who.uid() == geteuid().as_raw()),
            Err(error) => {
                use ErrorKind::{ConnectionRefused, NotFound, PermissionDenied};
                matches!(error.kind(), ConnectionRefused | NotFound | PermissionDenied)
            }
        }
    }

    #[cfg(not(unix))]
    async fn is_gone(&self) -> bool {
        let asked = tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await;
        asked.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    }

    /// How a client reaches the process.
    ///
    /// # Errors
    ///
    /// The lease is not usable, which is a fault of this program.
    pub fn options(&self) -> Result<Options, CellError> {
        Endpoint::parse(&format!("http://127.0.0.1:{}", self.port))
            .map_err(|error| error.to_string())
            .and_then(|endpoint| {
                Options::new(endpoint.with_bearer_token(&self.token))
                    .map_err(|error| error.to_string())
            })
            .map(|options| Options { resend: LOOPBACK_RESEND, socket: self.socket(), ..options })
            .map_err(|error| CellError::new("NoSparkError", error, "Please report this."))
    }
}

/// A running process of Spark on this machine.
#[derive(Clone, Debug)]
pub struct LocalProcess(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    lease: Lease,
}

impl LocalProcess {
    /// Finds the process that an earlier kernel had, or starts one.
    ///
    /// # Errors
    ///
    /// Why there is no Spark on this machine, or why it did not start.
    pub async fn open(path: &Path, python: Option<&Path>) -> Result<Self, CellError> {
        let found = Lease::read(path).map(|lease| Self::of(path, lease));
        match found {
            Some(local) if !local.is_gone().await => Ok(local),
            _ => Self::start(path, python).await,
        }
    }

    fn of(path: &Path, lease: Lease) -> Self {
        Self(Arc::new(Inner { path: path.to_owned(), lease }))
    }

    async fn start(path: &Path, python: Option<&Path>) -> Result<Self, CellError> {
        file_limit::check_for_spark()
            .map_err(|why| CellError::new("NoSparkError", why, "Then restart the kernel."))?;
        let answer = spawn(path, python).await.map_err(|error| error.to_string());
        let lease = answer.flatten().map_err(|why| {
            CellError::new(
                "NoSparkError",
                format!("No Livy server is configured ({LIVY_URL} is not set), and there is no Spark here"),
                &why,
            )
        })?;
        Ok(Self::of(path, lease))
    }

    /// The lease of the process.
    pub fn lease(&self) -> &Lease {
        &self.0.lease
    }

    /// Whether the process has ended.
    pub async fn is_gone(&self) -> bool {
        self.0.lease.is_gone().await
    }

    /// Ends the process and everything that it runs.
    pub async fn close(&self) {
        if let Err(error) = private_file::remove(&self.0.path) {
            return tracing::warn!("Spark on this machine may be left behind: {error}");
        }
        while !self.is_gone().await {
            sleep(EXIT_POLL_INTERVAL).await;
        }
    }
}

/// Starts the process. Its first line is its lease, or why it did not start.
async fn spawn(path: &Path, python: Option<&Path>) -> io::Result<Result<Lease, String>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("local").arg("--beside").arg(path);
    if let Some(python) = python {
        command.arg("--python").arg(python);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    // Whoever ends a kernel may end the kernel's whole process group.
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn()?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line).await?;
    }
    serde_json::from_str(&line).map_err(|_| {
        io::Error::other("The process that runs Spark did not start. The kernel's log may say why.")
    })
}
