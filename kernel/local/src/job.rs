//! Jobs: pickled callables that run in a session's Python beside its statements.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::interpreter::Command;
use crate::refusal::Refusal;
use crate::request::{SubmitJob, remote};

/// A session's jobs by number, the first of which is 1.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    submitted: u64,
    known: BTreeMap<u64, Job>,
}

#[derive(Debug)]
enum Job {
    Started,
    Ended(Result<String, String>),
    /// Livy tells the end of a job once, and never knew one of a type that it cannot run.
    Unknown(Uuid),
}

impl Jobs {
    /// The new job's number, and what to ask of the interpreter.
    pub(crate) fn submit(&mut self, job: SubmitJob) -> (u64, Option<Command>) {
        self.submitted += 1;
        let id = self.submitted;
        let runs = job.runs();
        let state = if runs { Job::Started } else { Job::Unknown(Uuid::new_v4()) };
        self.known.insert(id, state);
        (id, runs.then_some(Command::Job { id, job: job.job }))
    }

    /// Livy forgets a job that is cancelled, whose Python runs on.
    pub(crate) fn cancel(&mut self, id: u64) {
        self.known.remove(&id);
    }

    pub(crate) fn on_end(&mut self, id: u64, end: Result<String, String>) {
        if let Some(job) = self.known.get_mut(&id) {
            *job = Job::Ended(end);
        }
    }

    /// Livy's job object, with the end of a job only once.
    pub(crate) fn tell(&mut self, id: u64) -> Result<Value, Refusal> {
        let missing =
            || Refusal::Failed(format!("java.util.NoSuchElementException: key not found: {id}"));
        let job = self.known.get_mut(&id).ok_or_else(missing)?;
        match job {
            Job::Started => Ok(view(id, "STARTED", None, None)),
            Job::Unknown(uuid) => Err(remote(&format!("java.util.NoSuchElementException: {uuid}"))),
            Job::Ended(end) => {
                let told = match end {
                    Ok(result) => view(id, "SUCCEEDED", Some(result), None),
                    Err(error) => view(id, "FAILED", None, Some(error)),
                };
                *job = Job::Unknown(Uuid::new_v4());
                Ok(told)
            }
        }
    }
}

/// A job that was just submitted.
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
    fn a_job_runs_and_its_end_is_told_once() {
        let mut jobs = Jobs::default();
        let command = Command::Job { id: 1, job: "Lg==".into() };
        assert_eq!(submit(&mut jobs, "pyspark"), (1, Some(command)));
        assert_eq!(jobs.tell(1).unwrap()["state"], "STARTED");
        jobs.on_end(1, Ok("eA==".into()));
        let told = json!({"id": 1, "state": "SUCCEEDED", "result": "eA==", "error": null});
        assert_eq!(jobs.tell(1).unwrap(), told);
        let again = jobs.tell(1).unwrap_err().to_string();
        assert!(again.contains("RpcException: java.util.NoSuchElementException"), "{again}");
    }

    #[test]
    fn a_job_that_fails_tells_its_error() {
        let mut jobs = Jobs::default();
        submit(&mut jobs, "pyspark");
        jobs.on_end(1, Err("boom".into()));
        let told = json!({"id": 1, "state": "FAILED", "result": null, "error": "boom"});
        assert_eq!(jobs.tell(1).unwrap(), told);
    }

    #[test]
    fn a_cancelled_job_is_forgotten_though_it_runs_on() {
        let mut jobs = Jobs::default();
        submit(&mut jobs, "pyspark");
        jobs.cancel(1);
        jobs.on_end(1, Ok("eA==".into()));
        let error = jobs.tell(1).unwrap_err().to_string();
        assert_eq!(error, "java.util.NoSuchElementException: key not found: 1");
    }

    #[test]
    fn a_job_of_another_type_is_taken_and_never_heard_of_again() {
        let mut jobs = Jobs::default();
        assert_eq!(submit(&mut jobs, "cobol"), (1, None));
        jobs.tell(1).unwrap_err();
    }
}
