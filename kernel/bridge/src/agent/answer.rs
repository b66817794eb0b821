//! What the agent's calls return.

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::agent::{error::AgentError, event::EventKind};

/// Reads the JSON text that every call returns.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, AgentError> {
    let invalid = |error: serde_json::Error| AgentError::InvalidAnswer(error.to_string());
    match serde_json::from_str(text).map_err(invalid)? {
        Answer::Ok(value) => serde_json::from_value(value).map_err(invalid),
        Answer::Refused(why) => Err(AgentError::Refused(why)),
        Answer::Error(error) => Err(AgentError::JobFailed(error)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Ok(Value),
    Refused(String),
    Error(String),
}

/// The part of the answer to `install` that the kernel needs.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Installed {
    /// The number of the next event.
    pub next: u64,
    /// The abilities by name.
    #[serde(default)]
    pub abilities: BTreeMap<String, Value>,
}

impl Installed {
    /// Whether the agent makes requests wait.
    pub fn makes_requests_wait(&self) -> bool {
        self.abilities.get("waiting") == Some(&Value::Bool(true))
    }
}

/// What `%info` says about the agent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "RawStatus")]
pub struct Status {
    /// The version of the session's Python.
    pub python: String,
    /// What runs the kernel's cells: IPython's shell, or plain Python and how to get IPython.
    pub shell: String,
    /// The abilities that are on, and those that are off as `no progress`.
    pub abilities: String,
}

#[derive(Deserialize)]
struct RawStatus {
    #[serde(default)]
    python: String,
    #[serde(default)]
    shell: String,
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
        Self {
            python: raw.python,
            shell: raw.shell,
            abilities: abilities.collect::<Vec<_>>().join(", "),
        }
    }
}

/// What code beside the cells has shown, in order.
#[derive(Debug, Deserialize)]
pub(super) struct Shown {
    /// Its outputs, and its value or error.
    pub events: Vec<EventKind>,
}

/// What is known of streaming queries.
#[derive(Debug, Deserialize)]
pub struct Streams {
    /// Those that run, and those of cells that have failed.
    pub queries: Vec<StreamingQuery>,
    /// The names or ids of those that were stopped.
    #[serde(default)]
    pub stopped: Vec<String>,
}

/// A streaming query; rates are in rows per second.
#[derive(Debug, Deserialize)]
pub struct StreamingQuery {
    pub name: Option<String>,
    pub id: String,
    pub state: String,
    pub batch: Option<i64>,
    pub input: Option<f64>,
    pub processed: Option<f64>,
    pub error: Option<String>,
}

/// The names that fit at a cursor; positions are in code points.
#[derive(Debug, Deserialize)]
pub struct Completions {
    /// What may stand between `start` and `end`.
    pub matches: Vec<String>,
    /// The start of the text that a match replaces.
    pub start: i64,
    /// The end of that text.
    pub end: i64,
    /// The type of each match, as JupyterLab reads it.
    #[serde(default)]
    pub types: Vec<Value>,
}

/// The description of the name at a cursor.
#[derive(Debug, Deserialize)]
pub struct Inspection {
    /// Whether the name is known.
    pub found: bool,
    /// The description by MIME type.
    #[serde(default)]
    pub data: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abilities_are_read_with_their_details() {
        let status: Status = read(
            r#"{"ok": {"python": "3.11.7", "shell": "IPython 9.1.0", "next": 5,
                       "abilities": {"streams": true, "children": false, "completion": "jedi"}}}"#,
        )
        .unwrap();
        let abilities = "no children, completion (jedi), streams".to_owned();
        let (python, shell) = ("3.11.7".to_owned(), "IPython 9.1.0".to_owned());
        assert_eq!(status, Status { python, shell, abilities });
    }

    #[test]
    fn an_error_and_what_is_no_answer_are_told_apart() {
        let failed = read::<Value>(r#"{"error": "KeyError: 'x'"}"#).unwrap_err();
        assert!(matches!(failed, AgentError::JobFailed(why) if why == "KeyError: 'x'"));
        for text in ["2", "nothing", r#"{"yes": 1}"#] {
            assert!(matches!(read::<Value>(text), Err(AgentError::InvalidAnswer(_))), "{text}");
        }
    }
}
