//! Files on their way between this machine and the driver.
//!
//! A file goes in frames, three at once, each with its place and its hash, so that any request may be made again. It is
//! written under a name of its own beside its target, and gets its name once it is whole. What has come of it by a fault
//! is compared by hash the next time, and only the rest is sent.

mod differences;
mod download;
mod error;
mod frame;
mod local_file;
mod magic;
mod meter;
mod upload;

pub use download::download;
pub use error::TransferError;
pub use magic::{FileMagic, parse, run};
pub use meter::{Direction, Meter};
pub use upload::upload;
