//! What clients without the token can do to a server, and how it survives malformed requests of any client.

// Clippy knows that test functions may unwrap, but not that their helpers may.
#![allow(clippy::unwrap_used)]

#[path = "../client/mod.rs"]
mod client;
mod fuzz;
mod support;
mod unauthenticated;
#[cfg(unix)]
mod unix_socket;
