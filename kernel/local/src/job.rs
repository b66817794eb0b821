//! Jobs: pickled callables that run in a session's Python beside its statements.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{interpreter::Command, refusal::Refusal, request::SubmitJob};

/// A session's jobs by number, counted from 1.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    submitted: u64,
    known: BTreeMap<u64, Job>,
}

#[derive(Debug)]
enum Job {
    Started,
    Ended(Result<String, String>),
    /// Livy no longer knows a job whose end it has answered once, nor a job of a type that it cannot run.
    Unknown(Uuid),
}

impl Jobs {
    /// Adds a job. Returns its number, and the command that runs it.
    pub(crate) fn submit(&mut self, job: SubmitJob) -> (u64, Option<Command>) {
        self.submitted += 1;
        let id = self.submitted;
        let runs = job.is_python();
        let state = if runs { Job::Started } else { Job::Unknown(Uuid::new_v4()) };
        self.known.insert(id, state);
        (id, runs.then_some(Command::Job { id, job: job.job }))
    }

    /// Forgets a job, as Livy does. Its Python runs on.
    pub(crate) fn cancel(&mut self, id: u64) {
        self.known.remove(&id);
    }

    pub(crate) fn on_end(&mut self, id: u64, end: Result<String, String>) {
        if let Some(job) = self.known.get_mut(&id) {
            *job = Job::Ended(end);
        }
    }

    /// Returns Livy's job object. The end of a job is returned once, and then forgotten.
    pub(crate) fn take(&mut self, id: u64) -> Result<Value, Refusal> {
        let missing =
            || Refusal::Failed(format!("java.util.NoSuchElementException: key not found: {id}"));
        let job = self.known.get_mut(&id).ok_or_else(missing)?;
        match job {
            Job::Started => Ok(view(id, "STARTED", None, None)),
            Job::Unknown(uuid) => {
                Err(Refusal::remote(&format!("java.util.NoSuchElementException: {uuid}")))
            }
            Job::Ended(end) => {
                let ended = match end {
                    Ok(result) => view(id, "SUCCEEDED", Some(result), None),
                    Err(error) => view(id, "FAILED", None, Some(error)),
                };
                *job = Job::Unknown(Uuid::new_v4());
                Ok(ended)
            }
        }
    }
}

/// Returns the object of a job that was just submitted.
pub(crate) fn sent(id: u64) -> Value {
    view(id, "SENT", None, None)
}

fn view(id: u64, state: &str, result: Option<&String>, error: Option<&String>) -> Value {
    json!({"id": id, "state": state, "result": result, "error": error})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submit(jobs: &mut Jobs, job_type: &str) -> (u64, Option<Command>) {
        let body = json!({"job": "Lg==", "jobType": job_type}).to_string();
        jobs.submit(SubmitJob::parse(body.as_bytes()).unwrap())
    }

    #[test]
    fn a_job_runs_and_its_end_is_answered_once() {
        let mut jobs = Jobs::default();
        let command = Command::Job { id: 1, job: "Lg==".into() };
        assert_eq!(submit(&mut jobs, "pyspark"), (1, Some(command)));
        assert_eq!(jobs.take(1).unwrap()["state"], "STARTED");
        jobs.on_end(1, Ok("eA==".into()));
        let ended = json!({"id": 1, "state": "SUCCEEDED", "result": "eA==", "error": null});
        assert_eq!(jobs.take(1).unwrap(), ended);
        let again = jobs.take(1).unwrap_err().to_string();
        assert!(again.contains("RpcException: java.util.NoSuchElementException"), "{again}");
    }

    #[test]
    fn a_job_that_fails_has_an_error() {
        let mut jobs = Jobs::default();
        submit(&mut jobs, "pyspark");
        jobs.on_end(1, Err("boom".into()));
        let ended = json!({"id": 1, "state": "FAILED", "result": null, "error": "boom"});
        assert_eq!(jobs.take(1).unwrap(), ended);
    }

    #[test]
    fn a_cancelled_job_is_forgotten_though_it_runs_on() {
        let mut jobs = Jobs::default();
        submit(&mut jobs, "pyspark");
        jobs.cancel(1);
        jobs.on_end(1, Ok("eA==".into()));
        let error = jobs.take(1).unwrap_err().to_string();
        assert_eq!(error, "java.util.NoSuchElementException: key not found: 1");
    }

    #[test]
    fn a_job_of_another_type_is_accepted_and_then_unknown() {
        let mut jobs = Jobs::default();
        assert_eq!(submit(&mut jobs, "cobol"), (1, None));
        jobs.take(1).unwrap_err();
    }
}
