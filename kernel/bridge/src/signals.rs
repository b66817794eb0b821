//! The signals that end the program.

/// Ends when the process is asked to terminate, which for a kernel is a shutdown without a message:
/// VS Code does it so. SIGINT is none of it, since interrupts are messages. Both are watched from the
/// call on.
#[cfg(unix)]
pub fn terminate() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};

    let handlers = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async {
        match handlers {
            (Ok(mut terminate), Ok(_ignored)) => {
                terminate.recv().await;
            }
            (Err(error), _) | (_, Err(error)) => {
                tracing::warn!("signals cannot be watched: {error}");
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Windows has no such signal: kernels there are ended by a message or killed.
#[cfg(not(unix))]
pub async fn terminate() {
    std::future::pending::<()>().await;
}

/// Ends when a person at a terminal has had enough.
pub async fn ctrl_c_or_terminate() {
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate() => {}
    }
}
