use serde::{Deserialize, Serialize};

use super::Content;

/// [`history_request`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#history):
/// asks for earlier inputs.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct HistoryRequest {
    /// Asks for the outputs as well.
    pub output: bool,
    /// Asks for the inputs as they were typed.
    pub raw: bool,
    /// Decides which of the fields below count.
    pub hist_access_type: HistAccessType,
    /// The session of a range; 0 is the current one, and negative numbers count back from it.
    pub session: i64,
    /// The first line of a range.
    pub start: i64,
    /// The line after the last one of a range.
    pub stop: Option<i64>,
    /// The maximum number of lines of a tail or search.
    pub n: Option<i64>,
    /// The glob of a search, with `*` and `?`.
    pub pattern: Option<String>,
    /// Asks a search for each input only once.
    pub unique: bool,
}

/// How the lines of a history are selected.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum HistAccessType {
    /// Selects the lines from `start` to `stop` of one session.
    #[default]
    Range,
    /// Selects the last `n` lines.
    Tail,
    /// Selects the last `n` lines that match `pattern`.
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

/// [`history_reply`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#history):
/// returns earlier inputs.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(tag = "status", rename = "ok")]
pub struct HistoryReply {
    /// Session, line number and entry of each line.
    pub history: Vec<(i64, u32, HistoryEntry)>,
}

/// One line of the history; the form depends on whether outputs were asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum HistoryEntry {
    /// The input alone.
    Input(String),
    /// The input and its output, if it had one.
    InputOutput(String, Option<String>),
}

impl Content for HistoryReply {
    const MSG_TYPE: &'static str = "history_reply";
}
