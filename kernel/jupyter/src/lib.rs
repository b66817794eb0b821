//! The [Jupyter messaging protocol](https://jupyter-client.readthedocs.io/en/stable/messaging.html)
//! over ZeroMQ, as a kernel speaks it. It knows nothing of what the kernel runs.
//!
//! [`bind`] opens the five sockets of a [`ConnectionInfo`]. Each socket belongs to one task; the
//! kernel holds [`Requests`], from which it reads, and [`Frontend`], a cheap handle through which
//! it answers. What the messages say is in [`content`], one file per message. [`memory()`] makes
//! the same pair without sockets, for tests.
//!
//! Whatever arrives that is no message of ours (a wrong signature, missing frames, bad JSON, a peer
//! that vanished) is logged without its content and dropped: no peer can end the kernel.

mod bind;
mod channel;
mod connection;
pub mod content;
mod copies;
mod frame;
mod frontend;
#[cfg(unix)]
mod guard;
mod memory;
mod message;
mod outbox;
mod replay;
mod request;
mod session;
mod signature;
mod spool;

pub use bind::{BindError, bind};
pub use connection::{ConnectionError, ConnectionInfo, Transport};
pub use content::Content;
pub use content::ExecutionState;
pub use copies::{Copies, Publication};
pub use frontend::{Frontend, Requests};
pub use memory::{MemoryClient, memory};
pub use message::{Header, Message, Parent};
pub use request::{Channel, Envelope, Request};

/// The [version](https://jupyter-client.readthedocs.io/en/stable/messaging.html#versioning) of the
/// protocol that is spoken here.
pub const PROTOCOL_VERSION: &str = "5.5";
