//! A statement as a state machine: waiting, running, then available or cancelled. It has no clock and does no I/O.

use serde::{Serialize, Serializer};

use crate::{interpreter::Command, kind::Kind, output::Output};

/// How long Livy tries to cancel: `livy.rsc.job-cancel.timeout`. After that, the statement counts as cancelled though it
/// runs on.
const CANCEL_LIMIT_SECONDS: u32 = 30;

/// A piece of code and its outcome. It serializes as
/// [Livy's statement object](https://livy.apache.org/docs/latest/rest-api.html#statement).
#[derive(Debug, Serialize)]
pub(crate) struct Statement {
    pub(crate) id: u64,
    code: String,
    #[serde(skip)]
    kind: Kind,
    state: StatementState,
    output: Option<Output>,
    progress: f64,
    /// In milliseconds since 1970, or 0 before.
    started: u64,
    /// In milliseconds since 1970, or 0 before.
    completed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatementState {
    Waiting,
    Running,
    Cancelling { seconds: u32 },
    Available,
    Cancelled,
}

impl StatementState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            StatementState::Waiting => "waiting",
            StatementState::Running => "running",
            StatementState::Cancelling { .. } => "cancelling",
            StatementState::Available => "available",
            StatementState::Cancelled => "cancelled",
        }
    }
}

impl Serialize for StatementState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Statement {
    pub(crate) fn new(id: u64, kind: Kind, code: String) -> Self {
        Self {
            id,
            code,
            kind,
            state: StatementState::Waiting,
            output: None,
            progress: 0.0,
            started: 0,
            completed: 0,
        }
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.state == StatementState::Waiting
    }

    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.state, StatementState::Available | StatementState::Cancelled)
    }

    pub(crate) fn start(&mut self, now: u64) -> Command {
        self.state = StatementState::Running;
        self.started = now;
        Command::Execute { statement: self.id, kind: self.kind, code: self.code.clone() }
    }

    /// Cancels the statement. Returns the command for the interpreter if the statement runs.
    pub(crate) fn cancel(&mut self, now: u64) -> Option<Command> {
        match self.state {
            StatementState::Waiting => {
                self.finish(StatementState::Cancelled, now);
                None
            }
            StatementState::Running => {
                self.state = StatementState::Cancelling { seconds: 0 };
                Some(Command::Cancel { statement: self.id })
            }
            _ => None,
        }
    }

    pub(crate) fn on_progress(&mut self, progress: f64) {
        if !self.is_finished() {
            self.progress = progress;
        }
    }

    /// Notes the output. As in Livy, a statement that counts as cancelled still gets its output when it ends at last.
    pub(crate) fn on_done(&mut self, output: Output, now: u64) {
        let end = match self.state {
            StatementState::Cancelling { .. } | StatementState::Cancelled => {
                StatementState::Cancelled
            }
            _ => StatementState::Available,
        };
        self.output = Some(output);
        self.finish(end, now);
    }

    pub(crate) fn on_second(&mut self, now: u64) {
        if let StatementState::Cancelling { seconds } = self.state {
            if seconds + 1 < CANCEL_LIMIT_SECONDS {
                self.state = StatementState::Cancelling { seconds: seconds + 1 };
            } else {
                self.finish(StatementState::Cancelled, now);
            }
        }
    }

    fn finish(&mut self, end: StatementState, now: u64) {
        self.state = end;
        self.progress = 1.0;
        self.completed = now;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn state_after(steps: impl FnOnce(&mut Statement)) -> (&'static str, f64) {
        let mut statement = Statement::new(0, Kind::PySpark, "1+1".into());
        steps(&mut statement);
        (statement.state.as_str(), statement.progress)
    }

    fn two() -> Output {
        Output::ok(0, &json!({"text/plain": "2"}))
    }

    #[test]
    fn runs_and_becomes_available() {
        let life = state_after(|s| {
            s.start(5);
            s.on_progress(0.5);
            assert_eq!(s.progress, 0.5);
            s.on_done(two(), 9);
            assert_eq!((s.started, s.completed), (5, 9));
        });
        assert_eq!(life, ("available", 1.0));
    }

    #[test]
    fn a_waiting_one_is_cancelled_at_once_and_without_the_interpreter() {
        assert_eq!(state_after(|s| assert_eq!(s.cancel(1), None)), ("cancelled", 1.0));
    }

    #[test]
    fn a_running_one_is_cancelled_when_it_ends() {
        let life = state_after(|s| {
            s.start(1);
            assert_eq!(s.cancel(2), Some(Command::Cancel { statement: 0 }));
            assert_eq!((s.state.as_str(), s.progress), ("cancelling", 0.0));
            assert_eq!(s.cancel(3), None, "a second cancel asks nothing");
            s.on_done(Output::error(0, "Py4JJavaError", "cancelled", &[]), 4);
        });
        assert_eq!(life, ("cancelled", 1.0));
    }

    #[test]
    fn livy_gives_up_after_30_seconds_but_the_output_still_comes() {
        state_after(|s| {
            s.start(1);
            s.cancel(2);
            (0..29).for_each(|_| s.on_second(3));
            assert_eq!(s.state.as_str(), "cancelling");
            s.on_second(30_000);
            assert_eq!((s.state.as_str(), s.completed), ("cancelled", 30_000));
            assert!(s.output.is_none());
            s.on_done(two(), 45_000);
            assert_eq!((s.state.as_str(), s.completed), ("cancelled", 45_000));
            assert!(s.output.is_some());
        });
    }

    #[test]
    fn a_finished_one_cannot_be_cancelled() {
        let life = state_after(|s| {
            s.start(1);
            s.on_done(two(), 2);
            assert_eq!(s.cancel(3), None);
        });
        assert_eq!(life, ("available", 1.0));
    }

    #[test]
    fn serializes_with_livys_fields() {
        let mut statement = Statement::new(0, Kind::PySpark, "1+1".into());
        let waiting = json!({"id": 0, "code": "1+1", "state": "waiting", "output": null, "progress": 0.0, "started": 0, "completed": 0});
        assert_eq!(serde_json::to_value(&statement).unwrap(), waiting);
        statement.start(1);
        statement.on_done(two(), 2);
        let output = json!({"status": "ok", "execution_count": 0, "data": {"text/plain": "2"}});
        assert_eq!(serde_json::to_value(&statement).unwrap()["output"], output);
    }
}
