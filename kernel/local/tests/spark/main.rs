//! The Python driver on a real Spark, against what a real Livy 0.9 answered. One session serves most checks.

// Clippy sees tests only in functions that are marked so, not in their helpers.
#![allow(clippy::unwrap_used)]

mod alike;
mod application;
#[path = "../client/mod.rs"]
mod client;
mod endings;
mod jobs;
#[path = "../processes/mod.rs"]
mod processes;
mod python;
mod scala;
mod session;
mod sql;
