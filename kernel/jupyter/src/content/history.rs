use serde::{Deserialize, Serialize};

use super::Content;

/// [`history_request`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#history)
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct HistoryRequest {
    /// Whether outputs are wanted too.
    pub output: bool,
    /// Whether the input is wanted as typed.
    pub raw: bool,
    /// Which of the fields below matter.
    pub hist_access_type: HistAccessType,
    /// For a range: the session; 0 is the current one, negative numbers count back from it.
    pub session: i64,
    /// For a range: its first line.
    pub start: i64,
    /// For a range: the line after its last.
    pub stop: Option<i64>,
    /// For tail and search: how many lines at most.
    pub n: Option<i64>,
    /// For a search: a glob, with `*` and `?`.
    pub pattern: Option<String>,
    /// For a search: each input only once.
    pub unique: bool,
}

/// How a history is asked for.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum HistAccessType {
    /// Lines from `start` to `stop` of one session.
    #[default]
    Range,
    /// The last `n` lines.
    Tail,
    /// The last `n` lines that match `pattern`.
    Search,
}

impl Default for HistoryRequest {
    fn default() -> Self {
        Self {
            output: false,
            raw: true,
            hist_access_type: HistAccessType::default(),
            session: 0,
            start: 0,
            stop: None,
            n: None,
            pattern: None,
            unique: false,
        }
    }
}

/// [`history_reply`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#history)
#[derive(Clone, Debug, Default, Serialize)]
#[serde(tag = "status", rename = "ok")]
pub struct HistoryReply {
    /// Session, line and what stood there.
    pub history: Vec<(i64, u32, HistoryEntry)>,
}

/// One line of the history; the second form only where outputs were asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum HistoryEntry {
    /// The input.
    Input(String),
    /// The input and its output, if it had one.
    InputOutput(String, Option<String>),
}

impl Content for HistoryReply {
    const MSG_TYPE: &'static str = "history_reply";
}
