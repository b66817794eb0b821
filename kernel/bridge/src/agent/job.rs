//! The jobs that install the agent and call it.

use std::time::Duration;

use livy_client::{
    Client, Error, Id, PollPolicy, Polls,
    job::{self, Job, JobState, NewJob},
};
use serde_json::Value;
use tokio::time::timeout;

use crate::{
    agent::{
        error::AgentError,
        pickle::{self, JobResult},
        source,
    },
    language::python_literal::literal,
};

/// The name of the agent's package in the session's `sys.modules`.
const PACKAGE: &str = "_livy_kernel_agent";
/// Most jobs end within milliseconds.
const JOB_POLLS: PollPolicy =
    PollPolicy::new(Duration::from_millis(10), Duration::from_millis(300));

/// Pickles the job that installs the agent unless this version is there.
pub fn installation() -> String {
    let (load, version) = (literal(source::LOADER), source::VERSION);
    let modules = source::modules();
    pickle::job(&format!(
        "lambda jc: (lambda space: (exec({load}, space), \
         space['load']('{PACKAGE}', '{version}', {modules}).call('install'))[1])(\
         {{'__builtins__': dict(vars(__import__('builtins')))}})"
    ))
}

/// Pickles the job that calls a function of the agent.
pub fn invocation(name: &str, args: &Value) -> String {
    let args = literal(&args.to_string());
    pickle::job(&format!(
        "lambda jc: __import__('sys').modules['{PACKAGE}'].call('{name}', {args})"
    ))
}

/// Pickles one that calls a function whose last argument is these bytes.
pub fn invocation_with_bytes(name: &str, args: &Value, bytes: &[u8]) -> String {
    let args = literal(&args.to_string());
    let package = format!("__import__('sys').modules['{PACKAGE}']");
    let function = format!("lambda data: lambda jc: {package}.call('{name}', {args}, data)");
    pickle::job_with_bytes(&function, bytes)
}

/// Runs a pickled job, and returns its result.
pub async fn run(
    client: &Client,
    session: &Id,
    job: String,
    limit: Duration,
) -> Result<JobResult, AgentError> {
    run_with_pauses(client, session, job, limit, &mut JOB_POLLS.start()).await
}

/// What comes before each question whether a job has ended.
pub trait Pauses: Send {
    /// Waits until the job is to be asked for.
    fn pause(&mut self) -> impl Future<Output = ()> + Send;
}

impl Pauses for Polls {
    async fn pause(&mut self) {
        self.wait().await;
    }
}

/// Does the same with other pauses.
pub async fn run_with_pauses(
    client: &Client,
    session: &Id,
    job: String,
    limit: Duration,
    pauses: &mut impl Pauses,
) -> Result<JobResult, AgentError> {
    let new = NewJob { job, job_type: "pyspark".to_owned() };
    let job = client.send(job::submit(session, &new)).await?;
    let ended = timeout(limit, wait_for_end(client, session, job, pauses));
    let ended = ended.await.map_err(|_| AgentError::TimedOut)??;
    match (ended.state, ended.result) {
        (JobState::Succeeded, Some(result)) => Ok(pickle::result(&result)?),
        (_, _) => Err(AgentError::JobFailed(reason(ended.error.as_deref().unwrap_or_default()))),
    }
}

async fn wait_for_end(
    client: &Client,
    session: &Id,
    mut job: Job,
    pauses: &mut impl Pauses,
) -> Result<Job, AgentError> {
    while !job.state.is_finished() {
        pauses.pause().await;
        job = client.send(job::get(session, &job.id)).await.map_err(forgotten)?;
    }
    Ok(job)
}

/// Livy answers so if it does not find a job that it has just submitted.
fn forgotten(error: Error) -> AgentError {
    match error.refusal() {
        Some(refusal) if refusal.status == 500 && refusal.message.contains("key not found") => {
            AgentError::Forgotten
        }
        _ => error.into(),
    }
}

/// Finds the last line of Python's traceback, above the Java stack.
fn reason(error: &str) -> String {
    let python = error.lines().take_while(|line| !line.starts_with("\tat "));
    let last = python.filter(|line| !line.trim().is_empty()).last();
    last.unwrap_or("Livy gives no reason").to_owned()
}

#[cfg(test)]
mod tests {
    use livy_client::Refusal;

    use super::*;

    #[test]
    fn a_call_whose_job_livy_has_forgotten_may_be_made_again() {
        let refused = |status, message: &str| {
            let (message, retry_after) = (message.to_owned(), None);
            forgotten(Error::Refused(Refusal { status, message, retry_after, is_livys: true }))
        };
        assert!(refused(500, "key not found: 3077").is_temporary());
        assert!(!refused(500, "Internal error").is_temporary());
        assert!(!refused(404, "Session '7' not found.").is_temporary());
    }
}
