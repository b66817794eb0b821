//! Spark on this machine: a process beside the kernel, `livy-kernel local --beside FILE`, so that
//! it outlives a kernel that is killed. The file says where it answers, to this person only, and is
//! its lease: without it the process ends, and so it does when no kernel has asked for a while.

use std::{
    fmt,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use livy_client::{Endpoint, Options, ResendPolicy};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpStream,
    process::Command,
    time::sleep,
};

use crate::{failure::Failure, private, settings::LIVY_URL};

/// How often one looks whether the process has ended.
const LOOK: Duration = Duration::from_millis(25);
/// On loopback nothing is lost on the way, and a process that is gone does not come back.
const RESEND: ResendPolicy =
    ResendPolicy { within: Duration::from_millis(500), throttled_within: Duration::from_secs(10) };

/// Where it answers, and to whom.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// What it wants to be told.
    pub token: String,
    /// The version of its Spark.
    pub spark: String,
}

impl fmt::Debug for Lease {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("port", &self.port).field("spark", &self.spark).finish()
    }
}

impl Lease {
    /// Reads the file; what cannot be read is none.
    pub fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    /// How it is reached.
    pub fn options(&self) -> Result<Options, Failure> {
        Endpoint::parse(&format!("http://127.0.0.1:{}", self.port))
            .map_err(|error| error.to_string())
            .and_then(|endpoint| {
                Options::new(endpoint.with_bearer_token(&self.token))
                    .map_err(|error| error.to_string())
            })
            .map(|options| Options { resend: RESEND, ..options })
            .map_err(|error| Failure::new("NoSparkError", error, "Please report this."))
    }
}

/// The process, as the kernel sees it.
#[derive(Clone, Debug)]
pub struct Local(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    lease: Lease,
}

impl Local {
    /// The process that an earlier kernel had, or a new one.
    pub async fn open(path: &Path, python: Option<&Path>) -> Result<Self, Failure> {
        let found = Lease::read(path).map(|lease| Self::of(path, lease));
        match found {
            Some(local) if !local.is_gone().await => Ok(local),
            _ => Self::start(path, python).await,
        }
    }

    fn of(path: &Path, lease: Lease) -> Self {
        Self(Arc::new(Inner { path: path.to_owned(), lease }))
    }

    async fn start(path: &Path, python: Option<&Path>) -> Result<Self, Failure> {
        let told = spawn_and_hear(path, python).await.map_err(|error| error.to_string());
        let lease = told.flatten().map_err(|why| {
            Failure::new(
                "NoSparkError",
                format!("No Livy server is configured ({LIVY_URL} is not set), and there is no Spark here"),
                &why,
            )
        })?;
        Ok(Self::of(path, lease))
    }

    /// What it was leased for.
    pub fn lease(&self) -> &Lease {
        &self.0.lease
    }

    /// Whether nobody listens there any more. Too many who ask at once are no sign of that.
    pub async fn is_gone(&self) -> bool {
        let asked = TcpStream::connect(("127.0.0.1", self.0.lease.port)).await;
        asked.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    }

    /// Ends it and all it runs.
    pub async fn close(&self) {
        if let Err(error) = private::remove(&self.0.path) {
            return tracing::warn!("Spark on this machine may be left behind: {error}");
        }
        while !self.is_gone().await {
            sleep(LOOK).await;
        }
    }
}

/// Starts the process. Its first line is its lease, or why there is none.
async fn spawn_and_hear(path: &Path, python: Option<&Path>) -> io::Result<Result<Lease, String>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("local").arg("--beside").arg(path);
    if let Some(python) = python {
        command.arg("--python").arg(python);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    // Who ends a kernel may end the kernel's whole group.
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
