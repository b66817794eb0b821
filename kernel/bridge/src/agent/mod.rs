//! The session agent: a Python package that a job installs in the session's own process, where it
//! reports what happens while it happens.

mod answer;
mod client;
mod comm_calls;
mod error;
mod event;
mod file_calls;
pub mod installation;
mod job;
pub mod link;
mod pace;
mod package_calls;
mod pickle;
mod reader;
mod source;
mod stir;
pub mod value_calls;
mod waiting;

pub use answer::StreamingQuery;
pub use client::Agent;
pub use comm_calls::OpenComms;
pub use error::AgentError;
pub use event::{Addressee, Batch, CommMessage, Display, Event, EventKind, Progress};
pub use file_calls::{BegunFile, DriverFile};
pub use package_calls::DriverPython;
pub use reader::{CellKind, EventReader};
