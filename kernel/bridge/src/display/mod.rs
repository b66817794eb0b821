//! Displays that the kernel updates in place while a cell runs.

pub mod panel;
pub mod progress;
pub mod sink;
