//! The languages of sessions and statements.

use std::fmt;
use std::str::FromStr;

/// A language, by Livy's name for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Scala.
    Spark,
    /// Python.
    PySpark,
    /// R.
    SparkR,
    /// SQL.
    Sql,
    /// Of a session only: each statement says its own.
    Shared,
}

/// A name that is none of Livy's kinds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid kind: {0}")]
pub struct InvalidKind(pub String);

impl Kind {
    const ALL: [Kind; 5] = [Kind::Spark, Kind::PySpark, Kind::SparkR, Kind::Sql, Kind::Shared];

    /// Livy's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Spark => "spark",
            Kind::PySpark => "pyspark",
            Kind::SparkR => "sparkr",
            Kind::Sql => "sql",
            Kind::Shared => "shared",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = InvalidKind;

    /// Capitals count, as with Livy.
    fn from_str(name: &str) -> Result<Self, InvalidKind> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == name);
        known.ok_or_else(|| InvalidKind(name.to_owned()))
    }
}
