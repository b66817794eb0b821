//! Where a kernel has its session from, and so what becomes of it in the end.

use serde::{Deserialize, Serialize};

/// Where a kernel has its session from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// The kernel has started it, and ends it.
    Started,
    /// Somebody else has started it: the kernel leaves it.
    Joined,
    /// It is of a pool, to which the kernel gives it back.
    Pooled(Lease),
}

/// A session of a pool while a kernel has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// What names the kernel in the session.
    pub claim: String,
    /// Whether another notebook may have had the session before.
    pub is_used: bool,
}
