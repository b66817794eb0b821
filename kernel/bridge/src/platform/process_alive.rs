//! Finds out whether a process exists on this machine.

/// Returns whether a process with this number exists, as far as that can be told; `true` if it cannot.
#[cfg(unix)]
pub fn is_alive(pid: u32) -> bool {
    use rustix::{
        io::Errno,
        process::{Pid, test_kill_process},
    };

    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // A process of another user may not be signalled, but it exists.
    pid.is_none_or(|pid| test_kill_process(pid) != Err(Errno::SRCH))
}

/// Returns whether a process with this number exists, as far as that can be told; `true` if it cannot.
#[cfg(not(unix))]
pub fn is_alive(_: u32) -> bool {
    true
}
