//! Accepts connections from clients. Other users of this machine can reach 127.0.0.1 too, so a client that has not
//! shown the token gets no request body read, and cannot keep the owner from being served.
//!
//! - A request's header must be complete within ten seconds ([`connection`]).
//! - Few unauthenticated connections may be open; a new one closes the oldest of them ([`admission`]).
//! - The owner's kernel connects through a folder that no other user can enter ([`unix_socket`]).

mod admission;
mod connection;
mod serve;
mod transport;
#[cfg(unix)]
pub(crate) mod unix_socket;

pub(crate) use self::{connection::Connection, serve::serve, transport::Listener};
