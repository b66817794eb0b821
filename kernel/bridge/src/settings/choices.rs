//! Settings that are a choice of a few words.

/// What becomes of a cell's progress when the cell has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterRun {
    /// One line remains.
    #[default]
    Line,
    /// The display is cleared.
    Clear,
    /// No progress is ever shown.
    Never,
}

/// When a session gets an agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AgentPolicy {
    /// A Python session gets one at once, and a Scala session when it helps: there it costs some 100 MB.
    #[default]
    Auto,
    /// Every session gets one at once.
    Always,
    /// No session gets one.
    Never,
}

/// When a kernel starts its session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// When the first cell needs it.
    #[default]
    Lazy,
    /// With the kernel.
    Eager,
}

/// What the next cell does after the session was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLoss {
    /// It runs in a new session.
    #[default]
    Restart,
    /// It fails and says that the session is lost; run again, it runs in a new session.
    Ask,
}
