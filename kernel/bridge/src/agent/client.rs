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
        answer::{self, Completions, Inspection, Installed, Shown, Status, Streams},
        error::AgentError,
        event::{EventKind, Progress},
        job::{self, Pauses},
        pickle::JobResult,
        stir::Stir,
        waiting::{Waited, Waiting, WaitingRequest},
    },
    kind::Kind,
};

/// The session's Python must answer a call within this time, beyond what the call itself waits.
pub(super) const AGENT_ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// The agent stops code beside a statement after this time (`python/beside_code.py`).
const BESIDE_CODE_LIMIT: Duration = Duration::from_secs(30);

/// An agent in a session; cheap to clone.
#[derive(Clone, Debug)]
pub struct Agent {
    pub(super) client: Client,
    pub(super) session: Id,
    /// Whether requests wait for its events.
    pub(super) waiting: Arc<Waiting>,
    /// The number of the first event that has not been read here.
    next: Arc<AtomicU64>,
    used: Arc<AtomicBool>,
    /// Whether it has not told the last statement's end in time.
    late: Arc<AtomicBool>,
    /// Shared with those who read its events.
    pub(super) stir: Arc<Stir>,
    /// The number of the first event that may be a message of a comm and has not been heard.
    heard: Arc<AtomicU64>,
}

impl Agent {
    /// Installs the agent, or finds the one that is there.
    ///
    /// # Errors
    ///
    /// Fails if the server cannot run the job, or if the session's Python cannot hold an agent.
    pub async fn install(client: Client, session: Id) -> Result<Self, AgentError> {
        let result = job::run(&client, &session, job::installation(), AGENT_ANSWER_LIMIT).await?;
        let installed: Installed = answer::read(&result.text()?)?;
        let waiting = Arc::new(Waiting::new(installed.makes_requests_wait()));
        let next = Arc::new(AtomicU64::new(installed.next));
        let (used, late, stir, heard) = Default::default();
        Ok(Self { client, session, waiting, next, used, late, stir, heard })
    }

    /// Returns the number of the first event that has not been read here.
    pub fn position(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// Notes that the events before this number have been read.
    pub(super) fn set_position(&self, next: u64) {
        self.next.store(next, Ordering::Relaxed);
    }

    /// Returns a client of the same agent that reads the events from this number on.
    pub fn reading_from(&self, position: u64) -> Self {
        let (next, used) = (Arc::new(AtomicU64::new(position)), Arc::new(AtomicBool::new(true)));
        Self { next, used, ..self.clone() }
    }

    /// Whether nobody has heard this event before, which may be read twice after a crash.
    pub fn is_first_to_hear(&self, event: u64) -> bool {
        self.heard.fetch_max(event + 1, Ordering::Relaxed) <= event
    }

    /// Has whoever reads its events look for one at once.
    pub fn expect_event(&self) {
        self.stir.expect_event();
    }

    /// Whether it has not told the last statement's end in time: then it will hardly tell the next one's.
    pub fn is_late(&self) -> bool {
        self.late.load(Ordering::Relaxed)
    }

    /// Notes whether it has told a statement's end in time.
    pub fn note_late(&self, late: bool) {
        self.late.store(late, Ordering::Relaxed);
    }

    /// Returns true once: what a statement has printed before the first use was not reported.
    pub fn take_first_use(&self) -> bool {
        !self.used.swap(true, Ordering::Relaxed)
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

    /// Lists streaming queries, or stops the one of this name or id.
    pub async fn streams(&self, stop: Option<&str>) -> Result<Streams, AgentError> {
        self.call("streams", &json!([stop]), AGENT_ANSWER_LIMIT).await
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

    /// Interrupts whatever statement runs, in any language.
    pub async fn interrupt_all(&self) -> Result<(), AgentError> {
        let answer: Value = self.call("interrupt_all", &json!([]), AGENT_ANSWER_LIMIT).await?;
        tracing::debug!("the agent was asked to interrupt everything: {answer}");
        Ok(())
    }

    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        name: &str,
        args: &Value,
        limit: Duration,
    ) -> Result<T, AgentError> {
        self.answer(job::invocation(name, args), limit).await
    }

    /// Makes a call whose last argument is these bytes.
    pub(super) async fn call_with_bytes<T: DeserializeOwned>(
        &self,
        name: &str,
        args: &Value,
        bytes: &[u8],
    ) -> Result<T, AgentError> {
        self.answer(job::invocation_with_bytes(name, args, bytes), AGENT_ANSWER_LIMIT).await
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        call: String,
        limit: Duration,
    ) -> Result<T, AgentError> {
        answer::read(&job::run(&self.client, &self.session, call, limit).await?.text()?)
    }

    /// Makes a call that is answered by bytes, if it is not by `None`.
    pub(super) async fn call_for_bytes(
        &self,
        name: &str,
        args: &Value,
    ) -> Result<Option<Vec<u8>>, AgentError> {
        let call = job::invocation(name, args);
        match job::run(&self.client, &self.session, call, AGENT_ANSWER_LIMIT).await? {
            JobResult::Bytes(bytes) => Ok(Some(bytes)),
            JobResult::Text(text) => answer::read::<()>(&text).map(|()| None),
        }
    }

    /// Makes a call that may be made again, until it is answered.
    pub(super) async fn repeat<T: DeserializeOwned>(
        &self,
        name: &str,
        args: &Value,
    ) -> Result<T, AgentError> {
        repeated(|| self.call(name, args, AGENT_ANSWER_LIMIT)).await
    }

    /// Has a request wait for this event, and after it for more.
    pub(super) async fn wait(&self, event: u64, time: Duration, linger: Duration) -> Waited {
        let request = WaitingRequest { event, time, linger };
        self.waiting.wait(&self.client, &self.session, request).await
    }

    /// Makes a call that takes its time, with these pauses before the questions whether it is answered.
    pub(super) async fn call_with_pauses<T: DeserializeOwned>(
        &self,
        name: &str,
        args: &Value,
        limit: Duration,
        pauses: &mut impl Pauses,
    ) -> Result<T, AgentError> {
        let call = job::invocation(name, args);
        let result = job::run_with_pauses(&self.client, &self.session, call, limit, pauses).await?;
        answer::read(&result.text()?)
    }
}

/// Makes a call that may be made again, until it is answered.
pub(super) async fn repeated<T, F>(call: impl Fn() -> F) -> Result<T, AgentError>
where
    F: Future<Output = Result<T, AgentError>>,
{
    loop {
        match call().await {
            Err(error) if error.is_temporary() => sleep(error.retry_pause()).await,
            answer => return answer,
        }
    }
}
