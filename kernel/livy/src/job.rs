//! Jobs: serialized callables that run inside a session's own process, beside its statements. Livy's
//! documentation leaves the routes out; its own
//! [programmatic API](https://livy.apache.org/docs/latest/programmatic-api.html) uses them.

use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::{Feature, Id, Request, session::null_as_default};

/// `POST /sessions/{session}/submit-job`: runs a job in parallel with others; it can be
/// interrupted.
pub fn submit(session: &Id, new: &NewJob) -> Request<Job> {
    Request::post(&["sessions", session.as_str(), "submit-job"]).json(new).needing(Feature::Jobs)
}

/// `POST /sessions/{session}/run-job`: runs a job on the thread that receives requests.
pub fn run(session: &Id, new: &NewJob) -> Request<Job> {
    Request::post(&["sessions", session.as_str(), "run-job"]).json(new).needing(Feature::Jobs)
}

/// `GET /sessions/{session}/jobs/{id}`: describes a job, with its result once it has
/// ended.
pub fn get(session: &Id, id: &Id) -> Request<Job> {
    Request::get(&["sessions", session.as_str(), "jobs", id.as_str()])
        .needing(Feature::Jobs)
        .large()
}

/// `POST /sessions/{session}/jobs/{id}/cancel`: ends a job.
pub fn cancel(session: &Id, id: &Id) -> Request<IgnoredAny> {
    Request::post(&["sessions", session.as_str(), "jobs", id.as_str(), "cancel"])
        .needing(Feature::Jobs)
}

/// The body of [`submit`] and [`run`].
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewJob {
    /// The serialized callable in Base64.
    pub job: String,
    /// The interpreter that unpacks it: `pyspark`, `pyspark3` or `spark`.
    pub job_type: String,
}

/// The server's description of a job.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Job {
    /// The job's id within its session.
    pub id: Id,
    /// The job's state.
    pub state: JobState,
    /// The error's text, if the job has failed.
    #[serde(default)]
    pub error: Option<String>,
    /// The serialized result in Base64.
    #[serde(default, deserialize_with = "null_as_default")]
    pub result: Option<String>,
}

/// A job's state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are Livy's")]
pub enum JobState {
    Sent,
    Queued,
    Started,
    Succeeded,
    Failed,
    Cancelled,
    /// A state that this crate does not know.
    Unknown(String),
}

impl JobState {
    /// Reads a state, ignoring case.
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

    /// Whether the job has ended.
    pub fn is_finished(&self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

impl<'de> Deserialize<'de> for JobState {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|state| Self::parse(&state))
    }
}
