//! The byte stream between the kernel and the session's agent, of which `python/link.py` is the other end.
//!
//! It has many streams, one for each comm, and each keeps its order. What is small is an event of the
//! agent's, or an argument of a call; what is large goes in frames beside the others. Frames have a place
//! and messages a number, so that a request whose answer is lost can be made again.

pub mod frames;
pub mod lanes;
mod transfer;

pub use transfer::{Credit, Outgoing};
