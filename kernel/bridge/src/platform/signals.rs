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

/// Watches for signals that ask the program to end, from the call on. Those that the program was started to ignore, as
/// nohup does, are ignored.
///
/// # Errors
///
/// The system cannot watch for signals.
#[cfg(unix)]
pub fn end_signals() -> std::io::Result<EndSignals> {
    use tokio::signal::unix::{SignalKind, signal};

    let watch = |kind: SignalKind| match is_ignored(kind.as_raw_value()) {
        true => Ok(None),
        false => signal(kind).map(Some),
    };
    Ok(EndSignals {
        hangup: watch(SignalKind::hangup())?,
        interrupt: watch(SignalKind::interrupt())?,
        terminate: watch(SignalKind::terminate())?,
    })
}

/// The signals that ask the program to end; none of those that are ignored.
#[cfg(unix)]
pub struct EndSignals {
    hangup: Option<tokio::signal::unix::Signal>,
    interrupt: Option<tokio::signal::unix::Signal>,
    terminate: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl EndSignals {
    /// Returns the next one.
    pub async fn next(&mut self) -> EndSignal {
        tokio::select! {
            () = received(&mut self.hangup) => EndSignal::Hangup,
            () = received(&mut self.interrupt) => EndSignal::Interrupt,
            () = received(&mut self.terminate) => EndSignal::Terminate,
        }
    }
}

#[cfg(unix)]
async fn received(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Where the system does not say it, no signal is ignored.
#[cfg(unix)]
fn is_ignored(number: i32) -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| says_ignored(&status, number))
}

/// Reads what Linux says of the process: a set of signals as a hexadecimal number, whose lowest bit is signal 1.
#[cfg(unix)]
fn says_ignored(status: &str, number: i32) -> bool {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    ignored.is_some_and(|set| set >> (number - 1) & 1 == 1)
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

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nohup_ignores_is_read_from_the_process() {
        let status = "Name:\tx\nSigBlk:\tffffffffffffffff\nSigIgn:\t0000000000001001\nSigCgt:\t0\n";
        let ignored: Vec<_> = (1..=15).filter(|&number| says_ignored(status, number)).collect();
        assert_eq!(ignored, [1, 13]);
        assert!(!says_ignored("", 1));
    }
}
