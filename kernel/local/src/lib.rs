//! Serves [Livy's REST API](https://livy.apache.org/docs/latest/rest-api.html) with this machine's Spark, to one user.
//!
//! [`start`] finds a Python with pyspark and a Java, and serves on 127.0.0.1 to clients that know the token. Each
//! session is one Python process (`python/driver.py`) with its own Spark, and each batch is one `spark-submit`. This
//! crate knows nothing of Jupyter.
//!
//! Start reading at `routes`, which has all that a client can ask for. `session`, `statement`, `job` and `batch` are state
//! machines without I/O; `sessions` and `batches` own them and their processes. [`interpreter`] is the interface to the
//! process that runs the code: `python` for Spark, [`scripted`] for tests.

mod auth;
pub mod batch;
mod batches;
mod body;
mod conf;
mod duration;
pub mod interpreter;
mod job;
mod kind;
mod lifetime;
mod listener;
mod lock;
mod log;
mod output;
mod pending;
mod python;
mod refusal;
mod registry;
mod reply;
mod request;
mod routes;
pub mod scripted;
mod session;
mod sessions;
mod spark_ui;
mod statement;

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    auth::{Authenticator, Token},
    batches::Batches,
    python::{Installation, PythonLauncher},
    sessions::Sessions,
};

pub use crate::{
    interpreter::Launcher,
    kind::{InvalidKind, Kind},
    output::Output,
    python::FindError,
};

/// The options of a server.
#[derive(Clone, Default)]
pub struct Options {
    /// TCP port on 127.0.0.1; 0 takes any free port.
    pub port: u16,
    /// Token that clients must send; a random one if left out.
    pub token: Option<String>,
    /// Python that has pyspark; [`start`] looks for one if it is left out.
    pub python: Option<PathBuf>,
}

impl fmt::Debug for Options {
    /// Leaves out the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("port", &self.port)
            .field("python", &self.python)
            .finish_non_exhaustive()
    }
}

/// Why the server did not start. The message also says what to do, since a notebook shows it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Python, pyspark or Java is missing.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The port cannot be listened on; mostly another program uses it.
    #[error(
        "The local Livy server could not listen on 127.0.0.1:{port}: {error}. Choose another port, or 0 for any."
    )]
    Listen {
        /// Port in the options.
        port: u16,
        /// Reason that the system gave.
        error: io::Error,
    },
    /// No private folder for the Unix socket could be made.
    #[cfg(unix)]
    #[error(
        "The local Livy server could not make a folder of its own: {0}. Set TMPDIR to a folder that only you can write to."
    )]
    Socket(io::Error),
}

/// A running server. Dropping it also ends its sessions and batches, without waiting for their processes.
pub struct Server {
    address: SocketAddr,
    token: Token,
    authenticator: Authenticator,
    installation: Option<Installation>,
    sessions: Arc<Sessions>,
    batches: Arc<Batches>,
    app: Router,
    stopped: CancellationToken,
    /// Cancelled when one of the listeners has ended, for whatever reason.
    closed: CancellationToken,
    #[cfg(unix)]
    socket_folder: Option<tempfile::TempDir>,
}

/// Serves this machine's Spark. Spark itself starts with the first session.
///
/// # Errors
/// [`StartError::Find`] if Python, pyspark or Java is missing, and [`StartError::Listen`] if the port cannot be listened
/// on.
pub async fn start(options: Options) -> Result<Server, StartError> {
    let installation = Installation::find(options.python.as_deref()).await?;
    let Installation { python, spark_version, .. } = &installation;
    tracing::info!(python = %python.display(), spark = spark_version, "found a local Spark");
    let launcher = PythonLauncher::new(installation.clone());
    let mut server = start_with(options, launcher).await?;
    server.installation = Some(installation);
    Ok(server)
}

/// Serves the interpreters that `launcher` starts, such as [`scripted::Scripted`].
///
/// # Errors
/// [`StartError::Listen`] if the port cannot be listened on.
pub async fn start_with(options: Options, launcher: impl Launcher) -> Result<Server, StartError> {
    let port = options.port;
    let listen_error = |error| StartError::Listen { port, error };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    let token = options.token.map_or_else(Token::random, Token::from);
    let launcher: Arc<dyn Launcher> = Arc::new(launcher);
    let sessions = Sessions::new(launcher.clone(), format!("http://{address}"));
    let batches = Batches::new(launcher);
    let authenticator = Authenticator::new(token.clone());
    let app = routes::router(sessions.clone(), batches.clone(), authenticator.clone());
    let server = Server {
        address,
        token,
        authenticator,
        installation: None,
        sessions,
        batches,
        app,
        stopped: CancellationToken::new(),
        closed: CancellationToken::new(),
        #[cfg(unix)]
        socket_folder: None,
    };
    server.listen(listener);
    tracing::info!(%address, "serving Livy's protocol");
    Ok(server)
}

impl Server {
    /// Serves at a Unix socket too, which only processes of this user can reach. Returns its path. Its folder is removed
    /// with the server.
    ///
    /// # Errors
    /// [`StartError::Socket`] if no private folder can be made for the socket.
    #[cfg(unix)]
    pub fn open_socket(&mut self) -> Result<PathBuf, StartError> {
        let (folder, listener) = listener::unix_socket::open().map_err(StartError::Socket)?;
        self.listen(listener);
        let path = listener::unix_socket::path(&folder);
        self.socket_folder = Some(folder);
        Ok(path)
    }

    fn listen(&self, listener: impl listener::Listener) {
        let serving = listener::serve(listener, self.app.clone(), self.stopped.clone());
        let closed = self.closed.clone().drop_guard();
        tokio::spawn(async move {
            let _closed = closed;
            serving.await;
        });
    }

    /// Returns when the server no longer answers, although it was not stopped.
    pub async fn fails(&self) {
        self.closed.cancelled().await;
    }

    /// Returns the server's URL, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the TCP port of [`Server::url`].
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns the time since the last request with the token, or since the start of the server.
    pub fn idle_for(&self) -> Duration {
        self.authenticator.idle_for()
    }

    /// Returns the token that clients must send.
    pub fn token(&self) -> &str {
        self.token.as_str()
    }

    /// Returns the path of the Python that runs the sessions, or none if another launcher does.
    pub fn python(&self) -> Option<&Path> {
        self.installation.as_ref().map(|installation| installation.python.as_path())
    }

    /// Returns the version of that Python's pyspark.
    pub fn spark_version(&self) -> Option<&str> {
        self.installation.as_ref().map(|installation| installation.spark_version.as_str())
    }

    /// Ends every session and batch, and returns when their processes are gone: after about two seconds at most.
    pub async fn stop(self) {
        tokio::join!(self.sessions.registry().stop(), self.batches.registry().stop());
    }
}

impl fmt::Debug for Server {
    /// Leaves out the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .field("installation", &self.installation)
            .finish_non_exhaustive()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.sessions.registry().close();
        self.batches.registry().close();
        self.stopped.cancel();
    }
}
