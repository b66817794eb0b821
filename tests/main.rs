//! Tests of livy-kernel as a frontend sees it. Each test starts the real program, talks to it over
//! ZeroMQ, and gives it a Livy without Spark, or a network that fails.
//!
//! The comment on each module says what its tests show. `acceptance.md` lists what frontends expect
//! and the test of each point.

#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]

mod agent; // A session without an agent works, with fewer features.
mod audit; // What kernels do is recorded once, whatever happens.
mod cells; // A cell's messages come in the right order.
mod commands; // The commands of the terminal work, and explain their errors.
mod comms; // A comm with an unknown target is closed.
mod completion; // Every completion request is answered.
mod counts; // Only some cells are counted and kept in the history.
mod eager_start; // The session starts with the kernel.
mod errors; // A failing cell reports its error once, in plain words.
mod faults; // What is sent again when the network fails, and what never is.
mod heartbeat; // The heartbeat answers whatever the kernel does.
mod history; // The history can be searched.
mod interrupt; // An interrupt ends the running cell and nothing else.
mod iopub; // What is published, and to which subscribers.
mod is_complete; // The kernel knows whether code is complete.
mod keep_alive; // A session in use stays alive, and the user is warned before it expires.
mod kernel_info; // kernel_info is answered at once.
mod machine; // A lack of files, folders or permissions is reported as such.
mod many_kernels; // Kernels do not disturb each other.
mod order; // No message is lost or overtakes another.
mod orphan; // A kernel ends with the process that started it.
mod others; // Content from other users and servers is displayed safely.
mod outage; // Livy goes away and comes back.
mod outputs; // Livy's outputs become Jupyter's outputs.
mod policy; // What administrators forbid is refused, whatever the user sets.
mod requests; // Every request gets busy, a reply and idle.
mod rest_page; // Every row of Livy's REST API page works.
mod secrets; // Passwords are never shown.
mod session_loss; // A lost session is reported and replaced.
mod session_start; // The first cell starts a session.
mod settings; // The address of Livy is found or asked for.
mod shutdown; // The session ends with its kernel.
mod size; // Memory and outputs stay bounded, however much a cell prints.
mod startup; // Startup code runs first in each session.
mod stdin; // Without an agent, no frontend is asked for input.
mod stop_on_error; // An error aborts the cells that are queued.
mod strangers; // Another user's session with the same id is never used.
mod unasked; // Code that no user has sent is no statement and starts no session.
mod vscode; // Code that VS Code runs by itself is answered without Livy.
mod wire; // Malformed messages are ignored.
mod words; // Magics agree, and say what to write.

mod support; // A frontend, the kernel's process, a Livy, and the network between them.
