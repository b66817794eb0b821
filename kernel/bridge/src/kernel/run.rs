//! Runs the program as a kernel, from its start to its end.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use jupyter_wire::ConnectionInfo;
use sha2::{Digest, Sha256};

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
    let (requests, frontend) = bound.map_err(|error| error.to_string())?;
    warn_of_faults(settings);
    let session_settings = settings.session_settings();
    let (notices, shown) = tokio::sync::mpsc::unbounded_channel();
    let files =
        StateFiles::for_connection_file(connection_file).map_err(|error| error.to_string())?;
    let journal = Journal::new(files, kind);
    let sessions = Manager::new(kind, session_settings, notices, journal);
    let history = History::open(kind, history_folder(settings));
    let progress = settings.progress().unwrap_or_else(|error| {
        tracing::warn!("{error}; a line stays of each cell's progress");
        AfterRun::default()
    });
    let comms = Comms::of_kernel(kernel_name(connection_file, &connection.key));
    let local_python = LocalPython::new(settings.local_cells_python());
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
        progress,
    };
    let kernel = Kernel::new(context, shown, requests, frontend.clone());
    let stop = async {
        tokio::select! {
            () = terminate => {}
            () = parent_watch::parent_exited() => {}
        }
    };
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
    let _ = tokio::time::timeout(SHUTDOWN_LIMIT, ended).await;
    if let Some(cleanup) = sessions.pending_cleanup() {
        cleanup.spawn_cleanup_process();
    }
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
