//! What the routes answer, against what a real Livy 0.9 answered, with a scripted interpreter.

// Clippy sees tests only in functions that are marked so, not in their helpers.
#![allow(clippy::unwrap_used)]

mod access;
mod batches;
#[path = "../client/mod.rs"]
mod client;
mod completion;
mod endings;
mod jobs;
mod sessions;
mod statements;
mod support;
