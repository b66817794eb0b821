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

/// A signal that asks the program to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndSignal {
    /// The terminal has closed (SIGHUP).
    Hangup,
    /// The user has pressed Ctrl-C (SIGINT).
    Interrupt,
    /// Another program asks for the end (SIGTERM).
    Terminate,
}

impl EndSignal {
    /// The exit code of a program that has ended for this signal, as shells count it.
    pub fn exit_code(self) -> u8 {
        128 + match self {
            Self::Hangup => 1,
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }
}

/// Watches for signals that ask the program to end, from the call on.
#[cfg(unix)]
pub fn end_signals() -> std::io::Result<EndSignals> {
    use tokio::signal::unix::{SignalKind, signal};

    Ok(EndSignals {
        hangup: signal(SignalKind::hangup())?,
        interrupt: signal(SignalKind::interrupt())?,
        terminate: signal(SignalKind::terminate())?,
    })
}

/// The signals that ask the program to end.
#[cfg(unix)]
pub struct EndSignals {
    hangup: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl EndSignals {
    /// Returns the next one.
    pub async fn next(&mut self) -> EndSignal {
        tokio::select! {
            _ = self.hangup.recv() => EndSignal::Hangup,
            _ = self.interrupt.recv() => EndSignal::Interrupt,
            _ = self.terminate.recv() => EndSignal::Terminate,
        }
    }
}

/// Watches for signals that ask the program to end, from the call on.
#[cfg(not(unix))]
pub fn end_signals() -> std::io::Result<EndSignals> {
    Ok(EndSignals)
}

/// The signals that ask the program to end: Windows has Ctrl-C only.
#[cfg(not(unix))]
pub struct EndSignals;

#[cfg(not(unix))]
impl EndSignals {
    /// Returns the next one.
    pub async fn next(&mut self) -> EndSignal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => EndSignal::Interrupt,
            Err(_) => std::future::pending().await,
        }
    }
}
