//! What a cell keeps with `-o`.

use crate::kind::Kind;

/// A variable that a cell keeps with `-o`, for the Python of this machine as well.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptOutput {
    /// Its name.
    pub name: String,
    /// The language whose variable it is.
    pub kind: Kind,
    /// How many of its rows are wanted; all if nothing is said.
    pub rows: Option<u64>,
    /// The share of its rows that a sample takes.
    pub fraction: Option<f64>,
    /// Whether this machine gets it at once, and not only when a cell there reads it.
    pub is_fetched: bool,
}
