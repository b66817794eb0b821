//! The outputs of a cell, and the MIME types that the kernel knows.

use serde_json::{Map, Value};

pub const PLAIN: &str = "text/plain";
pub const JSON: &str = "application/json";
pub const HTML: &str = "text/html";
/// The type of Livy's `%table`.
pub const LIVY_TABLE: &str = "application/vnd.livy.table.v1+json";
/// The type under which a display carries rows for a table.
pub const ROWS: &str = "application/vnd.livy-kernel.rows+json";

/// One output of a cell, as nbformat has it.
#[derive(Debug, PartialEq)]
pub enum CellOutput {
    /// Text that the code printed to stdout.
    Stream(String),
    /// Text by the kernel, which goes to stderr.
    Warning(String),
    /// The cell's value (`execute_result`), as a MIME bundle.
    Result(Map<String, Value>),
    /// A display (`display_data`), as a MIME bundle.
    Display(Map<String, Value>),
}
