//! [Statements](https://livy.apache.org/docs/latest/rest-api.html#statement): code that runs in a
//! session, one after the other.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};
use serde_json::{Map, Value};

use crate::{Id, Request, session::null_as_default};

/// [`POST /sessions/{session}/statements`](https://livy.apache.org/docs/latest/rest-api.html#post-sessionssessionidstatements):
/// runs code in a session. [`Client::run_statement`](crate::Client::run_statement) survives a lost
/// answer.
pub fn run(session: &Id, new: &NewStatement) -> Request<Statement> {
    Request::post(&["sessions", session.as_str(), "statements"]).json(new)
}

/// [`GET /sessions/{session}/statements`](https://livy.apache.org/docs/latest/rest-api.html#get-sessionssessionidstatements):
/// the statements that the server still keeps.
pub fn list(session: &Id, page: Page) -> Request<Statements> {
    Request::get(&["sessions", session.as_str(), "statements"])
        .query("from", page.from)
        .query("size", page.size)
        .query("order", page.newest_first.then_some("desc"))
}

/// Which statements [`list`] yields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Index of the first.
    pub from: Option<u64>,
    /// How many at most.
    pub size: Option<u64>,
    /// From the newest to the oldest.
    pub newest_first: bool,
}

/// [`GET /sessions/{session}/statements/{id}`](https://livy.apache.org/docs/latest/rest-api.html#get-sessionssessionidstatementsstatementid):
/// how far a statement is, and its output at the end.
pub fn get(session: &Id, id: &Id) -> Request<Statement> {
    Request::get(&["sessions", session.as_str(), "statements", id.as_str()])
}

/// [`POST /sessions/{session}/statements/{id}/cancel`](https://livy.apache.org/docs/latest/rest-api.html#post-sessionssessionidstatementsstatementidcancel):
/// stops a statement's Spark jobs. Livy cannot stop a plain loop; it calls the statement cancelled after 30 s while the loop goes on.
pub fn cancel(session: &Id, id: &Id) -> Request<IgnoredAny> {
    Request::post(&["sessions", session.as_str(), "statements", id.as_str(), "cancel"])
}

/// The body of [`run`].
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct NewStatement {
    /// The code.
    pub code: String,
    /// Its kind, where that is not the session's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// The reply to [`list`].
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Statements {
    /// The statements, oldest first.
    #[serde(default, alias = "items")]
    pub statements: Vec<Statement>,
    /// How many the server keeps.
    #[serde(default, rename = "total_statements")]
    pub total: u64,
}

/// What the server says of a statement.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Statement {
    /// Its id, within the session.
    pub id: Id,
    /// Its code, where the server repeats it.
    #[serde(default)]
    pub code: Option<String>,
    /// Its state.
    pub state: StatementState,
    /// What it gave, once it has ended.
    #[serde(default, deserialize_with = "output")]
    pub output: Option<Output>,
    /// The share of its known Spark tasks that are done, 0 to 1; it can fall when tasks appear.
    #[serde(default, deserialize_with = "null_as_default")]
    pub progress: f64,
    /// When it began, in milliseconds since 1970; 0 before that.
    #[serde(default, deserialize_with = "null_as_default")]
    pub started: i64,
    /// When it ended, likewise.
    #[serde(default, deserialize_with = "null_as_default")]
    pub completed: i64,
}

impl Statement {
    /// Whether nothing more will come. `available` without an output is still on its way: some
    /// servers set the state a moment before the output.
    pub fn is_finished(&self) -> bool {
        match self.state {
            StatementState::Available => self.output.is_some(),
            StatementState::Error | StatementState::Cancelled => true,
            _ => false,
        }
    }
}

/// A [statement's state](https://livy.apache.org/docs/latest/rest-api.html#statement-state).
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are Livy's")]
pub enum StatementState {
    Waiting,
    Running,
    Available,
    Error,
    Cancelling,
    Cancelled,
    /// A state this crate has not heard of.
    Unknown(String),
}

impl StatementState {
    /// Reads a state, in any case of letters.
    pub fn parse(state: &str) -> Self {
        match state.to_ascii_lowercase().as_str() {
            "waiting" => Self::Waiting,
            "running" => Self::Running,
            "available" => Self::Available,
            "error" => Self::Error,
            "cancelling" => Self::Cancelling,
            "cancelled" => Self::Cancelled,
            _ => Self::Unknown(state.to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for StatementState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|state| Self::parse(&state))
    }
}

/// A [statement's output](https://livy.apache.org/docs/latest/rest-api.html#statement-output).
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// MIME types and what they hold: text, or JSON for `application/json` and its kin.
    Ok(Map<String, Value>),
    /// The code failed.
    Error {
        /// The exception's name; `Error` for everything that is not Python.
        ename: String,
        /// Its message.
        evalue: String,
        /// Where it happened; lines may or may not end in a newline.
        traceback: Vec<String>,
    },
}

/// What Livy sends, which is not always what it means: a failed `%json` or `%table` answers
/// `status: ok` with a whole error reply hidden in `data`.
fn output<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Output>, D::Error> {
    let raw: Option<RawOutput> = Option::deserialize(deserializer)?;
    Ok(raw.map(|raw| raw.hidden_error().unwrap_or_else(|| raw.plain())))
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct RawOutput {
    #[serde(deserialize_with = "null_as_default")]
    status: String,
    #[serde(deserialize_with = "null_as_default")]
    data: Map<String, Value>,
    #[serde(deserialize_with = "null_as_default")]
    ename: String,
    #[serde(deserialize_with = "null_as_default")]
    evalue: String,
    #[serde(deserialize_with = "null_as_default")]
    traceback: Vec<String>,
}

impl RawOutput {
    fn hidden_error(&self) -> Option<Output> {
        (self.data.get("msg_type")? == "execute_reply").then_some(())?;
        let hidden = Self::deserialize(self.data.get("content")?).ok()?;
        (hidden.status == "error").then(|| hidden.plain())
    }

    fn plain(&self) -> Output {
        match self.status.as_str() {
            "error" => Output::Error {
                ename: self.ename.clone(),
                evalue: self.evalue.clone(),
                traceback: self.traceback.clone(),
            },
            _ => Output::Ok(self.data.clone()),
        }
    }
}

/// Code and its results belong to the person who wrote it, not into a log.
impl fmt::Debug for NewStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewStatement").field("kind", &self.kind).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(statement: Value) -> Statement {
        serde_json::from_value(statement).unwrap()
    }

    #[test]
    fn the_kind_is_sent_only_where_it_is_given() {
        let body = |kind: Option<&str>| {
            run(&"1".into(), &NewStatement { code: "x".into(), kind: kind.map(Into::into) }).body
        };
        assert_eq!(body(None), Some(json!({"code": "x"})));
        assert_eq!(body(Some("sql")), Some(json!({"code": "x", "kind": "sql"})));
    }

    #[test]
    fn a_waiting_statement_is_not_finished() {
        let statement = read(json!({"id": 0, "code": "1+1", "state": "waiting", "output": null,
            "progress": 0.0, "started": 0, "completed": 0}));
        assert!(!statement.is_finished());
    }

    #[test]
    fn an_available_statement_without_output_is_not_finished() {
        assert!(!read(json!({"id": 0, "state": "available", "output": null})).is_finished());
    }

    #[test]
    fn a_cancelled_statement_is_finished_without_output() {
        assert!(read(json!({"id": 6, "state": "cancelled", "output": null})).is_finished());
    }

    #[test]
    fn an_error_keeps_its_parts() {
        let statement = read(json!({"id": 2, "state": "available", "output": {
            "status": "error", "execution_count": 2, "ename": "ZeroDivisionError",
            "evalue": "division by zero", "traceback": ["Traceback…\n"]}}));
        let expected = Output::Error {
            ename: "ZeroDivisionError".into(),
            evalue: "division by zero".into(),
            traceback: vec!["Traceback…\n".into()],
        };
        assert_eq!(statement.output, Some(expected));
    }

    #[test]
    fn an_error_hidden_in_the_data_of_an_ok_output_is_an_error() {
        let statement = read(json!({"id": 36, "state": "available", "output": {
            "status": "ok", "execution_count": 36, "data": {"msg_type": "execute_reply",
            "content": {"ename": "KeyError", "evalue": "'missing'",
                "traceback": ["KeyError: 'missing'\n"], "status": "error"}}}}));
        assert!(
            matches!(statement.output, Some(Output::Error { ename, .. }) if ename == "KeyError")
        );
    }

    #[test]
    fn states_are_read_in_any_case_and_unknown_ones_kept() {
        assert_eq!(StatementState::parse("Error"), StatementState::Error);
        assert_eq!(StatementState::parse("queued"), StatementState::Unknown("queued".into()));
    }
}
