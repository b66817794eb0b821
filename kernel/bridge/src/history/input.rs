//! The inputs that the history keeps.

/// The text of a cell that was run, and its place in the history.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Input {
    /// The number of the kernel's session in the history, from 1.
    pub session: i64,
    /// The cell's execution count.
    pub line: u32,
    /// The cell's text.
    pub code: String,
    /// The cell's result. It is data of the cluster, so it stays in memory and is never written to the
    /// file.
    #[serde(skip)]
    pub output: Option<String>,
}
