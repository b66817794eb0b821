//! The session agent: a Python module that a job installs in the session's own process, and that
//! tells what happens there while it happens.

mod event;
mod pickle;
pub mod presence;
mod source;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use livy_client::{
    Client, Error, Id, PollPolicy,
    job::{self, Job, JobState, NewJob},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::kind::Kind;

pub use event::{Batch, Display, EventKind, Progress};
pub use source::{TABULAR, literal};

/// Under which name the session's Python has it.
const PACKAGE: &str = "_livy_kernel_agent";
/// A session's agent of another version is replaced: to be raised whenever a part changes.
const VERSION: u32 = 9;

/// An event is seen soon after it happened, after a long silence a third of a second later.
const POLLS: PollPolicy = PollPolicy::new(Duration::from_millis(10), Duration::from_millis(300));
/// How long the session's Python may take to answer what needs no waiting.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long after a call that failed the agent is asked again.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a job waits in the session for something to happen.
const WAIT: Duration = Duration::from_secs(10);

/// An agent in a session; cheap to clone.
#[derive(Clone, Debug)]
pub struct Agent {
    client: Client,
    session: Id,
    /// The number of the first event that has not been seen here.
    next: Arc<AtomicU64>,
    used: Arc<AtomicBool>,
}

/// What the agent can tell of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// Everything: it is Python, with this number.
    Python(u32),
    /// How far Spark is, and what Scala prints.
    Other(Kind),
}

/// What an agent says of itself.
#[derive(Clone, Debug, Deserialize)]
struct Installed {
    next: u64,
}

/// What an agent is able to do, to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The version of the session's Python.
    pub python: String,
    /// Which abilities are on, and which are not.
    pub abilities: String,
}

#[derive(Deserialize)]
struct RawStatus {
    #[serde(default)]
    python: String,
    #[serde(default)]
    abilities: BTreeMap<String, Value>,
}

impl From<RawStatus> for Status {
    fn from(raw: RawStatus) -> Self {
        let abilities = raw.abilities.iter().map(|(name, value)| match value {
            Value::Bool(true) => name.clone(),
            Value::String(how) => format!("{name} ({how})"),
            _ => format!("no {name}"),
        });
        Self { python: raw.python, abilities: abilities.collect::<Vec<_>>().join(", ") }
    }
}

/// Names that fit, and where in the code, in code points.
#[derive(Debug, Deserialize)]
pub struct Names {
    /// What may stand between start and end.
    pub matches: Vec<String>,
    /// Start of the text that a match replaces.
    pub start: i64,
    /// Its end.
    pub end: i64,
    /// What each match is, as JupyterLab reads it.
    #[serde(default)]
    pub types: Vec<Value>,
}

/// What is known of a name.
#[derive(Debug, Deserialize)]
pub struct Description {
    /// Whether it is anything.
    pub found: bool,
    /// What, by MIME type.
    #[serde(default)]
    pub data: serde_json::Map<String, Value>,
}

/// Why an agent does not answer.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The server does not answer, or lacks jobs.
    #[error(transparent)]
    Livy(#[from] Error),
    /// The job failed.
    #[error("the job failed: {0}")]
    Failed(String),
    /// The job did not end in time.
    #[error("the session did not answer in time")]
    Late,
    /// What it returned is nothing that an agent says.
    #[error("the session's answer makes no sense: {0}")]
    Nonsense(String),
}

impl AgentError {
    /// Whether the same call may succeed a moment later.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Livy(error) => error.is_temporary(),
            Self::Late => true,
            Self::Failed(_) | Self::Nonsense(_) => false,
        }
    }
}

/// What every call returns.
#[derive(Deserialize)]
enum Answer {
    #[serde(rename = "ok")]
    Ok(Value),
    #[serde(rename = "error")]
    Error(String),
}

impl Agent {
    /// Installs the agent, or finds the one that is there.
    pub async fn install(client: Client, session: Id) -> Result<Self, AgentError> {
        let answer = run(&client, &session, &installation(), PATIENCE).await?;
        let installed: Installed = read(&answer)?;
        let next = Arc::new(AtomicU64::new(installed.next));
        Ok(Self { client, session, next, used: Arc::default() })
    }

    /// The number of the first event that has not been seen here.
    pub fn position(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// The same, which tells the events from this number on, whatever others have seen.
    pub fn at(&self, position: u64) -> Self {
        let (next, used) = (Arc::new(AtomicU64::new(position)), Arc::new(AtomicBool::new(true)));
        Self { next, used, ..self.clone() }
    }

    /// True once. What was printed before is of a cell that went without this agent.
    pub fn is_first_use(&self) -> bool {
        !self.used.swap(true, Ordering::Relaxed)
    }

    /// What has happened since the last look; waits a while if that is nothing, and while the
    /// network or Livy fails: what there is to tell stays there. Events whose future was dropped come
    /// again. The cell with this number is this statement: its value is `_17`.
    pub async fn events(&self, statement: &Id, cell: CellKind) -> Result<Batch, AgentError> {
        loop {
            match self.look(statement, cell).await {
                Err(error) if error.may_pass() => sleep(PAUSE).await,
                looked => return looked,
            }
        }
    }

    async fn look(&self, statement: &Id, cell: CellKind) -> Result<Batch, AgentError> {
        let since = self.next.load(Ordering::Relaxed);
        let (python, other) = match cell {
            CellKind::Python(count) => (json!([statement.as_str(), count]), Value::Null),
            CellKind::Other(kind) => (Value::Null, json!([statement.as_str(), kind.as_str()])),
        };
        let args = json!([since, WAIT.as_secs_f64(), python, other]);
        let batch: Batch = self.call("events", &args, WAIT + PATIENCE).await?;
        self.next.store(batch.next, Ordering::Relaxed);
        Ok(batch)
    }

    /// What it is able to do there.
    pub async fn status(&self) -> Result<Status, AgentError> {
        self.call("status", &json!([]), PATIENCE).await.map(RawStatus::into)
    }

    /// A statement in another language has ended: how far Spark was with it; none if it was quick.
    pub async fn end(&self, statement: &Id) -> Result<Option<Progress>, AgentError> {
        self.call("end", &json!([statement.as_str()]), PATIENCE).await
    }

    /// Answers a question of `input()`; nothing refuses it.
    pub async fn reply(&self, request: u64, text: Option<&str>) -> Result<(), AgentError> {
        let _: Value = self.call("reply", &json!([request, text]), PATIENCE).await?;
        Ok(())
    }

    /// The names that may stand at a cursor (in code points), also while a statement runs.
    pub async fn complete(&self, code: &str, cursor: i64) -> Result<Names, AgentError> {
        self.call("complete", &json!([code, cursor]), PATIENCE).await
    }

    /// What stands at a cursor; with detail 1, its source too.
    pub async fn inspect(
        &self,
        code: &str,
        cursor: i64,
        detail: i64,
    ) -> Result<Description, AgentError> {
        self.call("inspect", &json!([code, cursor, detail]), PATIENCE).await
    }

    /// The rows of a query.
    pub async fn rows(&self, query: &str) -> Result<Vec<Vec<Value>>, AgentError> {
        self.call("rows", &json!([query]), PATIENCE).await
    }

    /// Ends what a statement does, where its language can do that.
    pub async fn interrupt(&self, statement: &Id, kind: Kind) -> Result<(), AgentError> {
        let args = json!([statement.as_str(), kind.as_str()]);
        let answer: Value = self.call("interrupt", &args, PATIENCE).await?;
        tracing::debug!("the agent was asked to interrupt: {answer}");
        Ok(())
    }

    async fn call<T: DeserializeOwned>(
        &self,
        name: &str,
        args: &Value,
        within: Duration,
    ) -> Result<T, AgentError> {
        read(&run(&self.client, &self.session, &invocation(name, args), within).await?)
    }
}

/// Runs a job that is the value of an expression, and yields the text that it returns.
async fn run(
    client: &Client,
    session: &Id,
    expression: &str,
    within: Duration,
) -> Result<String, AgentError> {
    let new = NewJob { job: pickle::job(expression), job_type: "pyspark".to_owned() };
    let job = client.send(job::submit(session, &new)).await?;
    let ended =
        timeout(within, end_of(client, session, job)).await.map_err(|_| AgentError::Late)??;
    match (ended.state, ended.result) {
        (JobState::Succeeded, Some(result)) => {
            pickle::text(&result).map_err(|error| AgentError::Nonsense(error.to_string()))
        }
        (_, _) => Err(AgentError::Failed(reason(ended.error.as_deref().unwrap_or_default()))),
    }
}

async fn end_of(client: &Client, session: &Id, mut job: Job) -> Result<Job, Error> {
    let mut polls = POLLS.start();
    while !job.state.is_finished() {
        polls.wait().await;
        job = client.send(job::get(session, &job.id)).await?;
    }
    Ok(job)
}

fn read<T: DeserializeOwned>(answer: &str) -> Result<T, AgentError> {
    let nonsense = |error: serde_json::Error| AgentError::Nonsense(error.to_string());
    match serde_json::from_str(answer).map_err(nonsense)? {
        Answer::Ok(value) => serde_json::from_value(value).map_err(nonsense),
        Answer::Error(error) => Err(AgentError::Failed(error)),
    }
}

/// The last line of Python's traceback, above the Java stack.
fn reason(error: &str) -> String {
    let python = error.lines().take_while(|line| !line.starts_with("\tat "));
    python.filter(|line| !line.trim().is_empty()).last().unwrap_or("without a word").to_owned()
}

fn installation() -> String {
    let (load, parts) = (source::literal(source::LOAD), source::parts());
    format!(
        "lambda jc: (lambda space: (exec({load}, space), \
         space['load']('{PACKAGE}', {VERSION}, {parts}).call('install'))[1])({{}})"
    )
}

fn invocation(name: &str, args: &Value) -> String {
    let args = source::literal(&args.to_string());
    format!("lambda jc: __import__('sys').modules['{PACKAGE}'].call('{name}', {args})")
}
