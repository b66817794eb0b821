//! The system's log, by its socket: <https://datatracker.ietf.org/doc/html/rfc3164#section-4.1>.

use std::{io, path::Path};

/// The facility `user` and the severity `info`.
#[cfg(unix)]
const PRIORITY: u8 = 8 + 6;

/// Checks that somebody listens.
#[cfg(unix)]
pub fn check(socket: &Path) -> io::Result<()> {
    std::os::unix::net::UnixDatagram::unbound()?.connect(socket)
}

/// Sends a line. The log adds the time, and knows who has sent it.
#[cfg(unix)]
pub fn send(socket: &Path, line: &str) -> io::Result<()> {
    let sender = std::os::unix::net::UnixDatagram::unbound()?;
    // A log that does not read holds up nothing else.
    sender.set_write_timeout(Some(std::time::Duration::from_secs(1)))?;
    let message = format!("<{PRIORITY}>livy-kernel[{}]: {line}", std::process::id());
    sender.send_to(message.as_bytes(), socket).map(drop)
}

/// Whether a line was refused for its length.
#[cfg(unix)]
pub fn is_too_long(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::MSGSIZE.raw_os_error())
}

#[cfg(not(unix))]
pub fn is_too_long(_: &io::Error) -> bool {
    false
}

#[cfg(not(unix))]
pub fn check(_: &Path) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no such log"))
}

#[cfg(not(unix))]
pub fn send(socket: &Path, _: &str) -> io::Result<()> {
    check(socket)
}
