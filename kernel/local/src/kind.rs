//! The languages of sessions and statements.

use std::{fmt, str::FromStr};

/// A [session kind](https://livy.apache.org/docs/latest/rest-api.html#session-kind): the language of code.
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
    /// A session in which each statement names its own language.
    Shared,
}

/// The error for a name that is no kind of Livy's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid kind: {0}")]
pub struct InvalidKind(pub String);

impl Kind {
    const ALL: [Kind; 5] = [Kind::Spark, Kind::PySpark, Kind::SparkR, Kind::Sql, Kind::Shared];

    /// Returns Livy's name for the kind.
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

    /// Reads a kind by its name, which is case-sensitive as in Livy.
    fn from_str(name: &str) -> Result<Self, InvalidKind> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == name);
        known.ok_or_else(|| InvalidKind(name.to_owned()))
    }
}
