//! The signals that end the program.

/// Completes when the process receives SIGTERM. For a kernel this is a shutdown without a message, as
/// VS Code does it. SIGINT is caught and ignored, since Jupyter interrupts kernels by messages. Both
/// signals are watched from the call on.
#[cfg(unix)]
pub fn termination() -> impl Future<Output = ()> {
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

/// Never completes: Windows has no such signal, so kernels there are ended by a message or killed.
#[cfg(not(unix))]
pub async fn termination() {
    std::future::pending::<()>().await;
}

/// Completes when the user presses Ctrl-C in the terminal, or when the process receives SIGTERM.
pub async fn ctrl_c_or_termination() {
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = termination() => {}
    }
}
