//! Jobs: pickled callables that run inside a session's own process, beside its statements. The
//! public page leaves them out; Livy's own Java and Python clients use them.

use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::{Ability, Id, Request, session::null_as_default};

/// `POST /sessions/{session}/submit-job`: runs a job, interruptible and in parallel with others.
pub fn submit(session: &Id, new: &NewJob) -> Request<Job> {
    Request::post(&["sessions", session.as_str(), "submit-job"]).json(new).needing(Ability::Jobs)
}

/// `POST /sessions/{session}/run-job`: runs a job on the thread that takes requests.
pub fn run(session: &Id, new: &NewJob) -> Request<Job> {
    Request::post(&["sessions", session.as_str(), "run-job"]).json(new).needing(Ability::Jobs)
}

/// `GET /sessions/{session}/jobs/{id}`: how far a job is, and its result.
pub fn get(session: &Id, id: &Id) -> Request<Job> {
    Request::get(&["sessions", session.as_str(), "jobs", id.as_str()]).needing(Ability::Jobs)
}

/// `POST /sessions/{session}/jobs/{id}/cancel`: ends a job.
pub fn cancel(session: &Id, id: &Id) -> Request<IgnoredAny> {
    Request::post(&["sessions", session.as_str(), "jobs", id.as_str(), "cancel"])
        .needing(Ability::Jobs)
}

/// The body of [`submit`] and [`run`].
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewJob {
    /// The callable, serialized and in Base64.
    pub job: String,
    /// `pyspark`, `pyspark3` or `spark`: what unpacks it.
    pub job_type: String,
}

/// What the server says of a job.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Job {
    /// Its id, within the session.
    pub id: Id,
    /// Its state.
    pub state: JobState,
    /// What went wrong.
    #[serde(default)]
    pub error: Option<String>,
    /// What it returned, serialized and in Base64.
    #[serde(default, deserialize_with = "null_as_default")]
    pub result: Option<String>,
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are Livy's")]
pub enum JobState {
    Sent,
    Queued,
    Started,
    Succeeded,
    Failed,
    Cancelled,
    /// A state this crate has not heard of.
    Unknown(String),
}

impl JobState {
    /// Reads a state, in any case of letters.
    pub fn parse(state: &str) -> Self {
        match state.to_ascii_lowercase().as_str() {
            "sent" => Self::Sent,
            "queued" => Self::Queued,
            "started" => Self::Started,
            "succeeded" => Self::Succeeded,
            "failed" => Self::Failed,
            "cancelled" => Self::Cancelled,
            _ => Self::Unknown(state.to_owned()),
        }
    }

    /// Whether nothing more will come.
    pub fn is_finished(&self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

impl<'de> Deserialize<'de> for JobState {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|state| Self::parse(&state))
    }
}
