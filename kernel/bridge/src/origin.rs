//! Whose a session is. Its name says which kernel of which person on which machine has it, so that
//! one whose kernel is gone can be told from all others. Should another kernel have taken it over,
//! that one has a [claim](crate::claim).

use std::io;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::claim::{self, Claim};

/// How the names of this program's sessions begin.
pub const PREFIX: &str = "livy-kernel-";

/// A kernel, as a session's name tells it.
#[derive(Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The person and the machine.
    place: &'a str,
    /// The kernel's process.
    pid: u32,
    name: &'a str,
}

/// A name for a session of this process.
pub fn session_name() -> String {
    format!("{PREFIX}{}-{}-{}", here(), std::process::id(), Uuid::new_v4().simple())
}

impl<'a> Origin<'a> {
    /// Reads a name, if this program has given it.
    pub fn of(name: &'a str) -> Option<Self> {
        let mut parts = name.strip_prefix(PREFIX)?.split('-');
        let origin = Self { place: parts.next()?, pid: parts.next()?.parse().ok()?, name };
        let is_word = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric());
        (parts.next().is_some_and(is_word) && parts.next().is_none()).then_some(origin)
    }

    /// Whether it is a kernel of this person on this machine.
    pub fn is_here(&self) -> bool {
        self.place == here()
    }

    /// Whether it is such a kernel, and gone, with none in its place. Of other machines that is
    /// never known.
    pub fn is_gone(&self) -> bool {
        self.is_here() && !process::is_there(self.pid) && !claim::is_held(self.name)
    }

    /// Notes that this kernel has its session now.
    pub fn claim(&self) -> io::Result<Claim> {
        Claim::on(self.name)
    }
}

/// Whether there is such a process on this machine, as far as that can be told.
pub fn is_there(pid: u32) -> bool {
    process::is_there(pid)
}

/// This person on this machine, to be compared and not to be read.
fn here() -> String {
    let digest = Sha256::digest(process::surroundings());
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(unix)]
mod process {
    use rustix::{
        io::Errno,
        process::{Pid, getuid, test_kill_process},
        system::uname,
    };

    /// Within these, a process's number means that process: machine, container and person.
    pub fn surroundings() -> String {
        let container = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        let machine = uname();
        format!("{:?} {} {}", machine.nodename(), container.display(), getuid().as_raw())
    }

    /// A process of somebody else may not be signalled, but it is there.
    pub fn is_there(pid: u32) -> bool {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        pid.is_none_or(|pid| test_kill_process(pid) != Err(Errno::SRCH))
    }
}

#[cfg(not(unix))]
mod process {
    pub fn surroundings() -> String {
        ["COMPUTERNAME", "USERNAME"].map(|name| std::env::var(name).unwrap_or_default()).join(" ")
    }

    /// It cannot be told, and so none is ended.
    pub fn is_there(_: u32) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_its_kernel() {
        let name = session_name();
        let origin = Origin::of(&name).unwrap();
        assert_eq!((origin.is_here(), origin.is_gone()), (true, false));
        assert_ne!(name, session_name());
    }

    #[cfg(unix)]
    #[test]
    fn only_a_kernel_of_this_machine_is_known_to_be_gone() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let gone = format!("{PREFIX}{}-{}-0123", here(), child.id());
        assert!(Origin::of(&gone).unwrap().is_gone());
        let elsewhere = format!("{PREFIX}00000000-{}-0123", child.id());
        let elsewhere = Origin::of(&elsewhere).unwrap();
        assert_eq!((elsewhere.is_here(), elsewhere.is_gone()), (false, false));
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
            assert_eq!(Origin::of(name), None, "{name}");
        }
    }
}
