//! The kernel: one loop, and what it owns.

mod background_reply;
#[cfg(test)]
mod deaths;
mod dispatch;
mod event_loop;
mod execute_queue;
#[cfg(test)]
mod queue_tests;
mod resumed_cells;
mod run;
mod running_cell;
mod unasked_requests;
mod usage;

pub use run::{Setup, run, serve};
