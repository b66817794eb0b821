//! Parts of the REST API that not every server has.

use std::{
    fmt,
    sync::atomic::{AtomicU8, Ordering},
};

/// A part of the REST API that a server may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// `POST /sessions/{id}/completion`
    Completion,
    /// `POST /sessions/{id}/connect`
    Connect,
    /// `GET /sessions/{id}/log`
    Log,
    /// `POST /sessions/{id}/submit-job` and the other routes for jobs
    Jobs,
    /// `/sessions/{id}/reset-timeout`, which only Synapse and Fabric have
    ResetTimeout,
    /// `GET /version`
    Version,
    /// `/batches`
    Batches,
    /// `POST /sessions/{id}/add-file`
    AddFile,
}

impl Feature {
    /// All features, in the order of their declaration.
    pub const ALL: [Self; 8] = [
        Self::Completion,
        Self::Connect,
        Self::Log,
        Self::Jobs,
        Self::ResetTimeout,
        Self::Version,
        Self::Batches,
        Self::AddFile,
    ];

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Completion => "completion",
            Self::Connect => "connect",
            Self::Log => "session log",
            Self::Jobs => "jobs",
            Self::ResetTimeout => "reset-timeout",
            Self::Version => "version",
            Self::Batches => "batches",
            Self::AddFile => "add-file",
        })
    }
}

/// The features that a server is known to lack, so that it is asked for each only once.
#[derive(Debug, Default)]
pub(crate) struct MissingFeatures(AtomicU8);

impl MissingFeatures {
    pub fn new(features: &[Feature]) -> Self {
        Self(AtomicU8::new(features.iter().fold(0, |bits, feature| bits | feature.bit())))
    }

    pub fn contains(&self, feature: Feature) -> bool {
        self.0.load(Ordering::Relaxed) & feature.bit() != 0
    }

    pub fn insert(&self, feature: Feature) {
        self.0.fetch_or(feature.bit(), Ordering::Relaxed);
    }
}
