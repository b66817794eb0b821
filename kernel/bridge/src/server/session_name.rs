//! Names of sessions, which say which kernel of which user on which machine has the session, so that one
//! whose kernel is gone can be told from all others. A kernel that has taken the session over from the
//! one in its name is its [owner](crate::server::session_owner).

use std::io;

use livy_client::{Identity, Session};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    platform::process_alive::is_alive,
    server::session_owner::{self, SessionOwner},
};

/// The beginning of the names of this program's sessions.
pub const PREFIX: &str = "livy-kernel-";

/// The parts of a name that this program has given.
#[derive(Debug, PartialEq, Eq)]
pub struct SessionName<'a> {
    /// Stands for the user and the machine.
    namespace: &'a str,
    /// The kernel's process.
    pid: u32,
    whole: &'a str,
}

/// Makes up a name for a session of this process.
pub fn generate() -> String {
    format!("{PREFIX}{}-{}-{}", own_namespace(), std::process::id(), Uuid::new_v4().simple())
}

/// Returns what tells a session from others of its id. The names that this program gives are unique.
pub fn identity(session: &Session) -> Identity {
    let is_ours = session.name.as_deref().is_some_and(is_unique);
    Identity::from(session).with_unique_name(is_ours)
}

/// Whether no other session can have this name.
pub fn is_unique(name: &str) -> bool {
    SessionName::parse(name).is_some()
}

impl<'a> SessionName<'a> {
    /// Reads a name, if this program has given it.
    pub fn parse(name: &'a str) -> Option<Self> {
        let mut parts = name.strip_prefix(PREFIX)?.split('-');
        let (namespace, pid) = (parts.next()?, parts.next()?.parse().ok()?);
        let is_word = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric());
        let is_complete = parts.next().is_some_and(is_word) && parts.next().is_none();
        is_complete.then_some(Self { namespace, pid, whole: name })
    }

    /// Whether the session was started by a kernel of this user on this machine.
    pub fn is_own(&self) -> bool {
        self.namespace == own_namespace()
    }

    /// Whether the session was started by a kernel of this user on this machine that is gone, and no
    /// other kernel has taken it over. Whether kernels of other machines are gone is never known.
    pub fn is_orphaned(&self) -> bool {
        self.is_own() && !is_alive(self.pid) && !session_owner::has_owner(self.whole)
    }

    /// Notes that this process owns the session now.
    ///
    /// # Errors
    ///
    /// Those of the system, such as a folder that cannot be written.
    pub fn take_over(&self) -> io::Result<SessionOwner> {
        SessionOwner::of(self.whole)
    }
}

/// A short hash that stands for this user on this machine.
fn own_namespace() -> String {
    hex::encode(&Sha256::digest(process::surroundings())[..4])
}

#[cfg(unix)]
mod process {
    use rustix::{process::getuid, system::uname};

    /// Describes where a process id means the same process: machine, container and user.
    pub fn surroundings() -> String {
        let container = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        let machine = uname();
        format!("{:?} {} {}", machine.nodename(), container.display(), getuid().as_raw())
    }
}

#[cfg(not(unix))]
mod process {
    pub fn surroundings() -> String {
        ["COMPUTERNAME", "USERNAME"].map(|name| std::env::var(name).unwrap_or_default()).join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_its_kernel() {
        let text = generate();
        let name = SessionName::parse(&text).unwrap();
        assert_eq!((name.is_own(), name.is_orphaned()), (true, false));
        assert_ne!(text, generate());
    }

    #[cfg(unix)]
    #[test]
    fn only_a_kernel_of_this_machine_is_known_to_be_gone() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let gone = format!("{PREFIX}{}-{}-0123", own_namespace(), child.id());
        assert!(SessionName::parse(&gone).unwrap().is_orphaned());
        let elsewhere = format!("{PREFIX}00000000-{}-0123", child.id());
        let elsewhere = SessionName::parse(&elsewhere).unwrap();
        assert_eq!((elsewhere.is_own(), elsewhere.is_orphaned()), (false, false));
    }

    #[test]
    fn other_names_tell_nothing() {
        for name in [
            "",
            "etl",
            "livy-kernel-",
            "livy-kernel-0123",
            "livy-kernel-a-b-c",
            "livy-kernel-a-1-b-c",
            "livy-kernel-a-1-../../b",
        ] {
            assert_eq!(SessionName::parse(name), None, "{name}");
        }
    }
}
