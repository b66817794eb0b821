//! A batch as a state machine: starting, running, then success or dead. It has no clock and does no I/O.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::log::Log;

/// An application for `spark-submit`, asked for by
/// [`POST /batches`](https://livy.apache.org/docs/latest/rest-api.html#post-batches).
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// Path or URI of the application: a jar or a Python file.
    pub file: String,
    /// Main class, if the application is a jar.
    pub class_name: Option<String>,
    /// Command-line arguments of the application.
    pub args: Vec<String>,
    /// Properties of the Spark application.
    pub conf: BTreeMap<String, String>,
}

/// What happens to the process that runs a batch.
#[derive(Debug)]
pub enum BatchEvent {
    /// The process runs.
    Running,
    /// The process or one of its children wrote a line.
    Log(String),
    /// The process ended.
    Ended {
        /// Whether its exit code was 0.
        success: bool,
    },
}

#[derive(Debug)]
pub(crate) struct Batch {
    id: u64,
    name: Option<String>,
    state: BatchState,
    log: Log,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BatchState {
    Starting,
    Running,
    Success,
    Dead,
}

impl BatchState {
    fn as_str(self) -> &'static str {
        match self {
            BatchState::Starting => "starting",
            BatchState::Running => "running",
            BatchState::Success => "success",
            BatchState::Dead => "dead",
        }
    }
}

impl Batch {
    pub(crate) fn new(id: u64, name: Option<String>) -> Self {
        Self { id, name, state: BatchState::Starting, log: Log::of_batch() }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    pub(crate) fn state(&self) -> &'static str {
        self.state.as_str()
    }

    pub(crate) fn on_event(&mut self, event: BatchEvent) {
        match event {
            BatchEvent::Running => self.state = BatchState::Running,
            BatchEvent::Log(line) => self.log.push(line),
            BatchEvent::Ended { success: true } => self.state = BatchState::Success,
            BatchEvent::Ended { success: false } => self.state = BatchState::Dead,
        }
    }

    /// Notes that no more events come.
    pub(crate) fn on_end(&mut self) {
        if self.state != BatchState::Success {
            self.state = BatchState::Dead;
        }
    }

    /// Returns [Livy's batch object](https://livy.apache.org/docs/latest/rest-api.html#batch).
    pub(crate) fn view(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "owner": null,
            "proxyUser": null,
            "state": self.state(),
            "appId": null,
            "appInfo": {"driverLogUrl": null, "sparkUiUrl": null, "executorLogUrls": null},
            "log": self.log.preview(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_runs_and_succeeds() {
        let mut batch = Batch::new(3, Some("nightly".into()));
        assert_eq!(batch.view()["state"], "starting");
        assert_eq!(batch.view()["log"], json!(["stdout: ", "\nstderr: "]));
        batch.on_event(BatchEvent::Running);
        assert_eq!(batch.state(), "running");
        batch.on_event(BatchEvent::Log("sum 45".into()));
        batch.on_event(BatchEvent::Ended { success: true });
        batch.on_end();
        assert_eq!(batch.view()["state"], "success");
        assert_eq!(batch.view()["log"], json!(["stdout: ", "sum 45", "\nstderr: "]));
    }

    #[test]
    fn a_batch_that_fails_or_vanishes_is_dead() {
        let mut failed = Batch::new(0, None);
        failed.on_event(BatchEvent::Ended { success: false });
        assert_eq!(failed.state(), "dead");
        let mut vanished = Batch::new(1, None);
        vanished.on_event(BatchEvent::Running);
        vanished.on_end();
        assert_eq!(vanished.state(), "dead");
    }
}
