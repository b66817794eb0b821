//! Compares the driver on real Spark with what a real Livy 0.9 answered. Most checks share one session.

// Clippy knows that test functions may unwrap, but not that their helpers may.
#![allow(clippy::unwrap_used)]

mod alike;
mod application;
mod broken;
#[path = "../client/mod.rs"]
mod client;
mod command_lines;
mod endings;
mod folders;
mod jobs;
mod ports;
#[path = "../processes/mod.rs"]
mod processes;
mod python;
mod scala;
mod session;
#[path = "../spark_server/mod.rs"]
mod spark_server;
mod spark_ui;
mod sql;
