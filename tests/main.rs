//! What livy-kernel does, as a frontend sees it: each test starts the real program, speaks to it
//! over ZeroMQ, and gives it a Livy without Spark or a network that fails.

#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]

mod agent; // what a session cannot have is no trouble
mod cells; // in which order a cell's messages come
mod commands; // what a person asks at a terminal
mod comms; // a comm that nobody knows is closed
mod completion; // completion is always answered
mod counts; // which cells are counted and kept
mod errors; // a cell that fails says so once, and in plain words
mod faults; // what is sent twice when the network fails, and what is not
mod heartbeat; // the heart beats whatever happens
mod history; // what was run can be asked for
mod interrupt; // an interrupt ends the cell, and nothing else
mod iopub; // what is published, and to whom
mod is_complete; // whether code can run as it is
mod keep_alive; // a session that is used lives, and its end does not surprise
mod kernel_info; // who the kernel is, said at once
mod many_kernels; // kernels do not disturb each other
mod order; // nothing is lost and nothing overtakes
mod orphan; // a kernel does not outlive who started it
mod outage; // Livy goes away, and comes back
mod outputs; // what Livy gives, and what is shown
mod requests; // every request is busy, answered and idle
mod rest_page; // every row of Livy's REST page
mod secrets; // passwords are never shown
mod session_loss; // a session dies, and the next takes its place
mod session_start; // a session comes when a cell needs it
mod settings; // where Livy is
mod shutdown; // the session ends with the kernel
mod size; // however much a cell prints, what is shown is bounded
mod startup; // what each session runs first
mod stdin; // nobody is asked for input
mod stop_on_error; // an error aborts what was queued
mod vscode; // what VS Code asks and runs unasked
mod wire; // what is no message is ignored

mod support; // the frontend, the kernel's process, Livy, and the network between them
