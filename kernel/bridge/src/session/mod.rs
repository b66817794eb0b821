//! The one Livy session that a kernel has: how it starts, is watched, is lost, is recovered after a
//! crash of the kernel, and ends.

mod claim;
pub mod diagnosis;
pub mod handle;
pub mod journal;
pub mod lifetime;
pub mod loss;
mod manager;
pub mod origin;
mod pool;
mod pooling;
mod record;
mod recover;
mod start;
mod state;
pub mod statement_end;
mod switch;
mod watch;

pub use manager::Manager;
pub use state::{Starting, State};
