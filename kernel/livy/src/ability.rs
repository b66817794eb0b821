//! Parts of the REST API that not every server has.

use std::{
    fmt,
    sync::atomic::{AtomicU8, Ordering},
};

use crate::Refusal;

/// A part of the API that a server may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// `POST /sessions/{id}/completion`
    Completion,
    /// `POST /sessions/{id}/connect`
    Connect,
    /// `/sessions/{id}/log`
    Log,
    /// `POST /sessions/{id}/submit-job` and its like
    Jobs,
    /// `/sessions/{id}/reset-timeout`, of Synapse and Fabric
    ResetTimeout,
    /// `/version`
    Version,
    /// `/batches`
    Batches,
}

impl Ability {
    /// Each there is.
    pub const ALL: [Self; 7] = [
        Self::Completion,
        Self::Connect,
        Self::Log,
        Self::Jobs,
        Self::ResetTimeout,
        Self::Version,
        Self::Batches,
    ];

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Ability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Completion => "completion",
            Self::Connect => "connect",
            Self::Log => "session log",
            Self::Jobs => "jobs",
            Self::ResetTimeout => "reset-timeout",
            Self::Version => "version",
            Self::Batches => "batches",
        })
    }
}

/// What a server is known to lack. It is noticed once, and not asked for again.
#[derive(Debug, Default)]
pub(crate) struct Lacking(AtomicU8);

impl Lacking {
    pub fn of(abilities: &[Ability]) -> Self {
        Self(AtomicU8::new(abilities.iter().fold(0, |bits, ability| bits | ability.bit())))
    }

    pub fn has(&self, ability: Ability) -> bool {
        self.0.load(Ordering::Relaxed) & ability.bit() != 0
    }

    pub fn note(&self, ability: Ability) {
        self.0.fetch_or(ability.bit(), Ordering::Relaxed);
    }
}

/// Whether a refusal means that the server has no such endpoint. A Livy that has it says in JSON
/// which session it does not find.
pub(crate) fn is_missing(refusal: &Refusal) -> bool {
    match refusal.status {
        404 => !refusal.is_livys,
        405 | 501 => true,
        _ => false,
    }
}
