//! Compares the answers of the routes with those of a real Livy 0.9, with a scripted interpreter.

// Clippy knows that test functions may unwrap, but not that their helpers may.
#![allow(clippy::unwrap_used)]

mod access;
mod batches;
#[path = "../client/mod.rs"]
mod client;
mod completion;
mod endings;
mod files;
mod jobs;
mod sessions;
mod statements;
mod support;
