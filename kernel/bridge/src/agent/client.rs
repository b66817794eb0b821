//! The agent as the kernel calls it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use livy_client::{Client, Id};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use crate::{
    agent::{
        answer::{self, Completions, Inspection, Installed, Shown, Status},
        error::AgentError,
        event::{Batch, EventKind, Progress},
        job,
    },
    kind::Kind,
};

/// The session's Python must answer a call within this time, beyond what the call itself waits.
const AGENT_ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// A call for events waits this long in the session for one to happen.
const EVENT_WAIT: Duration = Duration::from_secs(10);

/// The agent stops code beside a statement after this time (`python/beside_code.py`).
const BESIDE_CODE_LIMIT: Duration = Duration::from_secs(30);

/// An agent in a session; cheap to clone.
#[derive(Clone, Debug)]
pub struct Agent {
    client: Client,
    session: Id,
    /// The number of the first event that has not been read here.
    next: Arc<AtomicU64>,
    used: Arc<AtomicBool>,
}

/// Decides what the agent reports about a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// Everything, since the cell is Python.
    Python,
    /// Spark's progress, and what Scala prints.
    Other(Kind),
}

impl Agent {
    /// Installs the agent, or finds the one that is there.
    ///
    /// # Errors
    ///
    /// Fails if the server cannot run the job, or if the session's Python cannot hold an agent.
    pub async fn install(client: Client, session: Id) -> Result<Self, AgentError> {
        let text = job::run(&client, &session, &job::installation(), AGENT_ANSWER_LIMIT).await?;
        let installed: Installed = answer::read(&text)?;
        let next = Arc::new(AtomicU64::new(installed.next));
        Ok(Self { client, session, next, used: Arc::default() })
    }

    /// Returns the number of the first event that has not been read here.
    pub fn position(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// Returns a client of the same agent that reads the events from this number on.
    pub fn reading_from(&self, position: u64) -> Self {
        let (next, used) = (Arc::new(AtomicU64::new(position)), Arc::new(AtomicBool::new(true)));
        Self { next, used, ..self.clone() }
    }

    /// Returns true once: what a statement has printed before the first use was not reported.
    pub fn take_first_use(&self) -> bool {
        !self.used.swap(true, Ordering::Relaxed)
    }

    /// Returns what has happened since the last call.
    ///
    /// The call waits for an event, but not for ever, and also while the network or Livy fails,
    /// since the agent keeps its events. If this future is dropped, the next call returns the same
    /// events. The agent learns that `statement` belongs to `cell`: the value of cell 17 is `_17`.
    ///
    /// # Errors
    ///
    /// Fails if the agent is gone, or if the session's Python answers something else.
    pub async fn events(&self, statement: &Id, cell: CellKind) -> Result<Batch, AgentError> {
        loop {
            match self.read_events(statement, cell).await {
                Err(error) if error.is_temporary() => sleep(error.retry_pause()).await,
                events => return events,
            }
        }
    }

    async fn read_events(&self, statement: &Id, cell: CellKind) -> Result<Batch, AgentError> {
        let since = self.position();
        let other = match cell {
            CellKind::Python => Value::Null,
            CellKind::Other(kind) => json!([statement.as_str(), kind.as_str()]),
        };
        let args = json!([since, EVENT_WAIT.as_secs_f64(), other]);
        let batch: Batch = self.call("events", &args, EVENT_WAIT + AGENT_ANSWER_LIMIT).await?;
        self.next.store(batch.next, Ordering::Relaxed);
        Ok(batch)
    }

    /// Asks what the agent is able to do in its session.
    pub async fn status(&self) -> Result<Status, AgentError> {
        self.call("status", &json!([]), AGENT_ANSWER_LIMIT).await
    }

    /// Ends a statement in another language than Python; returns its progress, unless it was quick.
    pub async fn end_statement(&self, statement: &Id) -> Result<Option<Progress>, AgentError> {
        self.call("end", &json!([statement.as_str()]), AGENT_ANSWER_LIMIT).await
    }

    /// Answers a question of `input()`; without a text, the question ends with an error.
    pub async fn reply(&self, request: u64, text: Option<&str>) -> Result<(), AgentError> {
        let _: Value = self.call("reply", &json!([request, text]), AGENT_ANSWER_LIMIT).await?;
        Ok(())
    }

    /// Completes the name at a cursor (in code points), also while a statement runs.
    pub async fn complete(&self, code: &str, cursor: i64) -> Result<Completions, AgentError> {
        self.call("complete", &json!([code, cursor]), AGENT_ANSWER_LIMIT).await
    }

    /// Describes the name at a cursor (in code points); `detail` 1 includes its source.
    pub async fn inspect(
        &self,
        code: &str,
        cursor: i64,
        detail: i64,
    ) -> Result<Inspection, AgentError> {
        self.call("inspect", &json!([code, cursor, detail]), AGENT_ANSWER_LIMIT).await
    }

    /// Evaluates expressions beside the running statement, if there is one; returns the value or the
    /// error of each, as `user_expressions` of a reply has them.
    pub async fn expressions(
        &self,
        expressions: &Map<String, Value>,
    ) -> Result<Map<String, Value>, AgentError> {
        self.call("expressions", &json!([expressions]), AGENT_ANSWER_LIMIT).await
    }

    /// Runs code beside the running statement, if there is one; returns what it shows, its value and its
    /// error.
    pub async fn beside(&self, code: &str) -> Result<Vec<EventKind>, AgentError> {
        let limit = BESIDE_CODE_LIMIT + AGENT_ANSWER_LIMIT;
        let shown: Shown = self.call("beside", &json!([code]), limit).await?;
        Ok(shown.events)
    }

    /// Measures the driver's use of memory and processors, as a `usage_reply` has them.
    pub async fn usage(&self) -> Result<Map<String, Value>, AgentError> {
        self.call("usage", &json!([]), AGENT_ANSWER_LIMIT).await
    }

    /// Runs a short query of Spark SQL and returns its rows.
    pub async fn rows(&self, query: &str) -> Result<Vec<Vec<Value>>, AgentError> {
        self.call("rows", &json!([query]), AGENT_ANSWER_LIMIT).await
    }

    /// Interrupts a statement, if its language can be interrupted.
    pub async fn interrupt(&self, statement: &Id, kind: Kind) -> Result<(), AgentError> {
        let args = json!([statement.as_str(), kind.as_str()]);
        let answer: Value = self.call("interrupt", &args, AGENT_ANSWER_LIMIT).await?;
        tracing::debug!("the agent was asked to interrupt: {answer}");
        Ok(())
    }

    async fn call<T: DeserializeOwned>(
        &self,
        name: &str,
        args: &Value,
        limit: Duration,
    ) -> Result<T, AgentError> {
        let call = job::invocation(name, args);
        answer::read(&job::run(&self.client, &self.session, &call, limit).await?)
    }
}
