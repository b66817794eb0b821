//! The session agent: a Python package that a job installs in the session's own process, where it
//! reports what happens while it happens.

mod answer;
mod client;
mod error;
mod event;
pub mod installation;
mod job;
mod pace;
mod pickle;
mod reader;
mod source;
mod waiting;

pub use answer::StreamingQuery;
pub use client::Agent;
pub use error::AgentError;
pub use event::{Batch, Display, Event, EventKind, Progress};
pub use reader::{CellKind, EventReader};
