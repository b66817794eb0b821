//! Runs the program as a kernel, from its start to its end.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jupyter_wire::{ConnectionInfo, Frontend, Requests};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    cell::{Comms, KeptVariables, KernelContext, ThreadOutput},
    history::History,
    kernel::event_loop::Kernel,
    kind::Kind,
    local_python::LocalPython,
    platform::{file_limit, jupyter_paths, parent_watch, signals, state_files::StateFiles},
    session::{Manager, journal::Journal},
    settings::{DEFAULT_LOCAL_LIMIT, Settings, choices::AfterRun},
};

/// Jupyter waits 2.5 s for a kernel that was asked to end; its session must be gone by then.
const SHUTDOWN_LIMIT: Duration = Duration::from_millis(1600);

/// A kernel before it answers.
pub struct Setup {
    /// Its language.
    pub kind: Kind,
    /// Names it to the session's agent.
    pub name: String,
    /// The manager of its session.
    pub sessions: Arc<Manager>,
    /// What the user must read although no cell has asked.
    pub notices: UnboundedReceiver<String>,
    /// How long it may take to end the session; afterwards another process does.
    pub end_limit: Duration,
}

/// Binds the sockets that the connection file names, and answers on them until Jupyter or a signal
/// ends the kernel.
///
/// # Errors
///
/// Why the kernel cannot start, or could not go on, in a sentence.
pub async fn run(kind: Kind, connection_file: &Path, settings: &Settings) -> Result<(), String> {
    // First of all, so that no signal meets a program that does not know it yet.
    let terminate = signals::termination();
    file_limit::raise_for_kernel()?;
    let connection =
        ConnectionInfo::from_file(connection_file).map_err(|error| error.to_string())?;
    let bound = jupyter_wire::bind(&connection).await;
    let wire = bound.map_err(|error| error.to_string())?;
    let (notify, notices) = tokio::sync::mpsc::unbounded_channel();
    let files =
        StateFiles::for_connection_file(connection_file).map_err(|error| error.to_string())?;
    let journal = Journal::new(files, kind);
    let sessions = Manager::new(kind, settings.session_settings(), notify, journal);
    let name = kernel_name(connection_file, &connection.key);
    let stop = async {
        tokio::select! {
            () = terminate => {}
            () = parent_watch::parent_exited() => {}
        }
    };
    let setup = Setup { kind, name, sessions, notices, end_limit: SHUTDOWN_LIMIT };
    serve(setup, settings, wire, stop).await
}

/// Answers requests until one of them or `stop` ends the kernel, and ends the session with it.
///
/// # Errors
///
/// Why the kernel could not go on, in a sentence.
pub async fn serve(
    setup: Setup,
    settings: &Settings,
    (requests, frontend): (Requests, Frontend),
    stop: impl Future<Output = ()>,
) -> Result<(), String> {
    warn_of_faults(settings);
    let Setup { kind, name, sessions, notices, end_limit } = setup;
    let records = sessions.records.clone();
    let history = History::open(kind, history_folder(settings));
    let local_python = LocalPython::new(settings.local_cells_python());
    let comms = Comms::of_kernel(name);
    let threads = ThreadOutput::new(&comms);
    let context = KernelContext {
        kind,
        sessions: sessions.clone(),
        history: history.clone(),
        local_python: local_python.clone(),
        kept: KeptVariables::default(),
        local_limit: local_limit(settings),
        threads: threads.clone(),
        comms,
        progress: progress(settings),
    };
    let kernel = Kernel::new(context, notices, requests, frontend.clone());
    tokio::select! {
        () = kernel.run(stop) => {}
        // As if it had been killed: the session stays for the kernel that Jupyter starts in its place.
        () = frontend.channel_died() => {
            let what = "the kernel ends, since one of its channels has failed; please report it with this log";
            return Err(what.to_owned());
        }
    }
    threads.end();
    let ended = async { tokio::join!(history.flush(), local_python.end(), sessions.end()) };
    let _ = tokio::time::timeout(end_limit, ended).await;
    if let Some(cleanup) = sessions.pending_cleanup() {
        cleanup.spawn_cleanup_process();
        sessions.record_end_by_another_process();
    }
    records.written().await;
    frontend.close().await;
    Ok(())
}

/// Names the kernel, to the session's agent, by what stays the same when Jupyter starts it again after a crash.
fn kernel_name(connection_file: &Path, key: &str) -> String {
    let hash = Sha256::new_with_prefix(connection_file.as_os_str().as_encoded_bytes());
    hash.chain_update(key).finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Warns in Jupyter's log of lines of the settings file that make no sense and are left out.
fn warn_of_faults(settings: &Settings) {
    for fault in settings.file.iter().flat_map(|file| &file.faults) {
        tracing::warn!("{}, line {}: {}", settings.path.display(), fault.line, fault.what);
    }
}

/// What becomes of a cell's progress display.
fn progress(settings: &Settings) -> AfterRun {
    settings.progress().unwrap_or_else(|error| {
        tracing::warn!("{error}; a line stays of each cell's progress");
        AfterRun::default()
    })
}

/// How many bytes of a variable may come to the Python of this machine.
fn local_limit(settings: &Settings) -> u64 {
    settings.local_limit().unwrap_or_else(|error| {
        tracing::warn!("{error}; 500 MB of a variable may come to this machine");
        DEFAULT_LOCAL_LIMIT
    })
}

/// Where inputs are kept; a setting that makes no sense may have been meant to keep none.
fn history_folder(settings: &Settings) -> Option<PathBuf> {
    let kept = settings.keeps_history().unwrap_or_else(|error| {
        tracing::warn!("{error}; the history is kept in memory only");
        false
    });
    kept.then(|| jupyter_paths::kernels_folder("history"))?.ok()
}
