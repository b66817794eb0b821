//! Sessions on this machine's Python and Spark.

pub(crate) mod find;
mod lines;
pub(crate) mod process;
