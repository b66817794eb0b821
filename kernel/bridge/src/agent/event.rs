//! What the agent tells.

use serde::Deserialize;
use serde_json::{Map, Value};

/// Events since some number.
#[derive(Debug, Deserialize)]
pub struct Batch {
    /// In their order.
    pub events: Vec<Event>,
    /// The number of the next event.
    pub next: u64,
    /// Some before these were dropped, since too many came.
    #[serde(default)]
    pub lost: bool,
}

/// Something that happened in the session.
#[derive(Debug, Deserialize)]
pub struct Event {
    /// Its number.
    #[serde(default)]
    pub n: u64,
    /// The statement that it belongs to, if one was running.
    pub statement: Option<String>,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are Jupyter's")]
pub enum EventKind {
    Start {},
    Stream {
        name: String,
        text: String,
    },
    Display(Display),
    UpdateDisplay(Display),
    ClearOutput {
        #[serde(default)]
        wait: bool,
    },
    Result {
        data: Map<String, Value>,
        #[serde(default)]
        metadata: Map<String, Value>,
    },
    Error {
        ename: String,
        evalue: String,
        traceback: Vec<String>,
    },
    Input {
        request: u64,
        #[serde(default)]
        prompt: String,
        #[serde(default)]
        password: bool,
    },
    Progress(Progress),
    End {},
    /// One that this version does not know.
    #[serde(other)]
    Unknown,
}

/// Something displayed, which may have a name to be updated by.
#[derive(Debug, Deserialize, PartialEq)]
pub struct Display {
    pub data: Map<String, Value>,
    #[serde(default)]
    pub metadata: Map<String, Value>,
    #[serde(default)]
    pub id: Option<String>,
}

/// How far Spark is with a statement: sums over its jobs.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are Spark's")]
#[serde(default)]
pub struct Progress {
    pub jobs: u64,
    pub jobs_done: u64,
    pub stages: u64,
    pub stages_done: u64,
    /// Of the stages that have begun.
    pub tasks: u64,
    pub tasks_done: u64,
    pub tasks_active: u64,
    /// Attempts, which Spark may have repeated.
    pub tasks_failed: u64,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_read_and_unknown_ones_are_no_trouble() {
        let batch = json!({"next": 9, "lost": false, "events": [
            {"n": 6, "statement": "5", "kind": "start"},
            {"n": 7, "statement": "5", "kind": "stream", "name": "stdout", "text": "é\n"},
            {"n": 8, "statement": null, "kind": "hologram", "data": 1}]});
        let batch: Batch = serde_json::from_value(batch).unwrap();
        let kinds: Vec<_> = batch.events.into_iter().map(|event| event.kind).collect();
        let text = EventKind::Stream { name: "stdout".into(), text: "é\n".into() };
        assert_eq!(kinds, [EventKind::Start {}, text, EventKind::Unknown]);
    }
}
