/// The states of a session that this server knows, of [those in Livy](https://livy.apache.org/docs/latest/rest-api.html#session-state).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionState {
    Starting,
    Idle,
    /// The interpreter runs a statement, which may count as cancelled already.
    Busy {
        statement: u64,
    },
    ShuttingDown,
    Dead,
}

impl SessionState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            SessionState::Starting => "starting",
            SessionState::Idle => "idle",
            SessionState::Busy { .. } => "busy",
            SessionState::ShuttingDown => "shutting_down",
            SessionState::Dead => "dead",
        }
    }
}
