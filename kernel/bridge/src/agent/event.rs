//! The events that the agent reports.

use serde::Deserialize;
use serde_json::{Map, Value};

/// A run of events, in order.
#[derive(Debug, Default, Deserialize)]
pub struct Batch {
    /// The events themselves.
    pub events: Vec<Event>,
    /// The number of the next event.
    pub next: u64,
    /// Whether events before these were dropped, since too many came.
    #[serde(default)]
    pub lost: bool,
    /// The statements that have started threads which still run.
    #[serde(default)]
    pub threads: Vec<String>,
    /// Whether the kernel that reads has comms.
    #[serde(default)]
    pub comms: bool,
}

/// A kernel to which some events are addressed, as its agent knows it.
#[derive(Clone, Debug)]
pub struct Addressee {
    /// The kernel, which is the same after a crash.
    pub kernel: String,
    /// Its process.
    pub process: String,
}

impl Addressee {
    /// The first arguments of the calls that are made in its name.
    pub(super) fn args(&self) -> [&str; 2] {
        [&self.kernel, &self.process]
    }
}

/// Something that happened in the session.
#[derive(Debug, Deserialize)]
pub struct Event {
    /// The position in the session's list of events.
    #[serde(default)]
    pub n: u64,
    /// The statement that it belongs to, if one was running.
    pub statement: Option<String>,
    /// The event without its position.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened; the names are Jupyter's.
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
    Result(Display),
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
    /// An action for the frontend, such as opening a pager.
    Payload {
        payload: Value,
    },
    /// A message of a comm for the frontends.
    Comm(CommMessage),
    /// The end of the handler of a frontend's message.
    Handled {
        request: u64,
    },
    /// The error of such a handler.
    HandlerError {
        ename: String,
        evalue: String,
        traceback: Vec<String>,
    },
    End {},
    /// An event that this version does not know.
    #[serde(other)]
    Unknown,
}

impl EventKind {
    /// Whether it is about comms, and not an output.
    pub fn is_of_comms(&self) -> bool {
        matches!(self, Self::Comm(_) | Self::Handled { .. })
    }
}

/// A displayed MIME bundle, with the display id by which it can be updated.
#[derive(Debug, Deserialize, PartialEq)]
pub struct Display {
    pub data: Map<String, Value>,
    #[serde(default)]
    pub metadata: Map<String, Value>,
    #[serde(default)]
    pub id: Option<String>,
}

/// A message of a comm.
#[derive(Debug, Deserialize, PartialEq)]
pub struct CommMessage {
    /// The message type, such as `comm_open`.
    #[serde(rename = "type")]
    pub msg_type: String,
    /// The comm's id.
    pub comm: String,
    /// The lengths of its content, its metadata and its buffers.
    pub sizes: Vec<usize>,
    /// These one after the other, in Base64.
    #[serde(default)]
    pub body: Option<String>,
    /// The number under which they can be fetched, if they are many bytes.
    #[serde(default)]
    pub blob: Option<u64>,
    /// The number of the frontend's message that was being handled.
    #[serde(default)]
    pub request: Option<u64>,
}

/// Spark's progress with a statement, summed over its jobs.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are Spark's")]
#[serde(default)]
pub struct Progress {
    pub jobs: u64,
    pub jobs_done: u64,
    pub stages: u64,
    pub stages_done: u64,
    /// The tasks of the stages that have begun.
    pub tasks: u64,
    pub tasks_done: u64,
    pub tasks_active: u64,
    /// Failed attempts, which Spark may have repeated.
    pub tasks_failed: u64,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_payload_is_passed_on_as_it_is() {
        let page = json!({"source": "page", "data": {"text/plain": "x"}, "start": 0});
        let event = json!({"kind": "payload", "statement": "5", "payload": page});
        let event: Event = serde_json::from_value(event).unwrap();
        assert_eq!(event.kind, EventKind::Payload { payload: page });
    }

    #[test]
    fn a_message_of_a_comm_has_its_bytes_or_their_number() {
        let event = json!({"kind": "comm", "n": 3, "statement": "5", "type": "comm_msg", "comm": "c",
            "sizes": [2, 2], "blob": 7, "request": null});
        let event: Event = serde_json::from_value(event).unwrap();
        let EventKind::Comm(message) = event.kind else { panic!("{event:?}") };
        assert_eq!((message.blob, message.body, message.sizes), (Some(7), None, vec![2, 2]));
    }

    #[test]
    fn unknown_events_are_accepted() {
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
