//! What a kernel has once, and each of its cells uses.

use std::sync::Arc;

use crate::{
    cell::{comms::Comms, thread_output::ThreadOutput, variables::KeptVariables},
    history::History,
    kind::Kind,
    local_python::LocalPython,
    session::Manager,
    settings::choices::AfterRun,
};

/// What a kernel has once.
#[derive(Clone)]
pub struct KernelContext {
    /// The kernel's language, which is also its session's.
    pub kind: Kind,
    /// The manager of the kernel's session.
    pub sessions: Arc<Manager>,
    /// The inputs and outputs of earlier cells.
    pub history: History,
    /// The Python of this machine that runs `%%local` cells.
    pub local_python: LocalPython,
    /// What `-o` has kept in the session, and that Python does not have yet.
    pub kept: KeptVariables,
    /// How many bytes of a variable may come from the session.
    pub local_limit: u64,
    /// The comms of its notebook.
    pub comms: Comms,
    /// What the threads of earlier cells show, and their comms send.
    pub threads: ThreadOutput,
    /// What becomes of a cell's progress display when the cell has ended.
    pub progress: AfterRun,
}
