//! What only a real server can show: TLS with certificates made here, and authentication.

#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]

mod auth;
mod faults;
mod support;
mod tls;
