//! Livy's REST protocol on this machine's Spark, for one person.
//!
//! [`start`] finds a Python with pyspark and a Java, and serves on 127.0.0.1 to whoever knows the token. Each session
//! is one Python process (`python/driver.py`) with its own Spark, each batch a `spark-submit`. This crate knows nothing of Jupyter.
//!
//! To read it: `routes` is what can be asked, `session` and `statement` are the lives (pure), `sessions` keeps them,
//! `interpreter` is the seam to what runs code: `python` for real, `scripted` for tests.

mod auth;
pub mod batch;
mod batches;
mod body;
mod completion;
mod conf;
pub mod interpreter;
mod job;
mod kind;
mod lifetime;
mod log;
mod python;
mod refusal;
mod registry;
mod reply;
mod request;
mod routes;
pub mod scripted;
mod session;
mod sessions;
mod statement;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use crate::interpreter::Launcher;
pub use crate::kind::{InvalidKind, Kind};
pub use crate::python::find::FindError;
pub use crate::statement::Output;

use crate::auth::{Gate, Token};
use crate::batches::Batches;
use crate::python::PythonLauncher;
use crate::python::find::{Found, find};
use crate::sessions::Sessions;

/// How to serve.
#[derive(Clone, Default)]
pub struct Options {
    /// 0 takes any free port.
    pub port: u16,
    /// What clients must send; a random one if left out.
    pub token: Option<String>,
    /// The Python that has pyspark; looked for if left out.
    pub python: Option<PathBuf>,
}

impl fmt::Debug for Options {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("port", &self.port)
            .field("python", &self.python)
            .finish_non_exhaustive()
    }
}

/// Why the server did not start, and what to do about it: shown in a notebook.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Python, pyspark or Java is missing.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The port is taken.
    #[error(
        "The local Livy server could not listen on 127.0.0.1:{port}: {error}. Choose another port, or 0 for any."
    )]
    Listen {
        /// The port asked for.
        port: u16,
        /// What the system said.
        error: std::io::Error,
    },
}

/// A running server. Dropping it ends its sessions and batches too, without waiting for them.
pub struct Server {
    address: SocketAddr,
    token: Token,
    gate: Gate,
    found: Option<Found>,
    sessions: Arc<Sessions>,
    batches: Arc<Batches>,
    stopped: CancellationToken,
}

/// Serves this machine's Spark. Spark itself starts with the first session.
pub async fn start(options: Options) -> Result<Server, StartError> {
    let found = find(options.python.as_deref()).await?;
    tracing::info!(python = %found.python.display(), spark = found.spark_version, "found a local Spark");
    let launcher = PythonLauncher::new(found.clone());
    let mut server = start_with(options, launcher).await?;
    server.found = Some(found);
    Ok(server)
}

/// Serves other interpreters, such as [`scripted::Scripted`].
pub async fn start_with(options: Options, launcher: impl Launcher) -> Result<Server, StartError> {
    let port = options.port;
    let listen_error = |error| StartError::Listen { port, error };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    let token = Token::new(options.token);
    let launcher: Arc<dyn Launcher> = Arc::new(launcher);
    let sessions = Sessions::new(launcher.clone());
    let batches = Batches::new(launcher);
    let stopped = CancellationToken::new();
    let gate = Gate::new(token.clone());
    let app = routes::router(sessions.clone(), batches.clone(), gate.clone());
    let serving =
        axum::serve(listener, app).with_graceful_shutdown(stopped.clone().cancelled_owned());
    tokio::spawn(async move { serving.await });
    tracing::info!(%address, "serving Livy's protocol");
    Ok(Server { address, token, gate, found: None, sessions, batches, stopped })
}

impl Server {
    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port of that.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How long ago the last request came of somebody who may ask, or the server started.
    pub fn idle_for(&self) -> Duration {
        self.gate.idle_for()
    }

    /// What clients must send.
    pub fn token(&self) -> &str {
        self.token.as_str()
    }

    /// The Python that runs the sessions; none with another launcher.
    pub fn python(&self) -> Option<&Path> {
        self.found.as_ref().map(|found| found.python.as_path())
    }

    /// The version of that Python's pyspark.
    pub fn spark_version(&self) -> Option<&str> {
        self.found.as_ref().map(|found| found.spark_version.as_str())
    }

    /// Ends every session and batch and returns when their processes are gone, after about two seconds at most.
    pub async fn stop(self) {
        tokio::join!(self.sessions.stop(), self.batches.stop());
    }
}

impl fmt::Debug for Server {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .field("found", &self.found)
            .finish_non_exhaustive()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.sessions.close();
        self.batches.close();
        self.stopped.cancel();
    }
}
