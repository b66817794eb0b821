//! Tests against real servers in this process: TLS, authentication, faults and hostile replies.

#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]

mod auth;
mod faults;
mod hostile;
mod replies;
mod servers;
mod support;
mod tls;
