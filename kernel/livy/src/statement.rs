//! [Statements](https://livy.apache.org/docs/latest/rest-api.html#statement): code that runs in a
//! session, one statement after the other.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};
use serde_json::{Map, Value};

use crate::{Id, Request, number, session::null_as_default};

/// [`POST /sessions/{session}/statements`](https://livy.apache.org/docs/latest/rest-api.html#post-sessionssessionidstatements):
/// runs code in a session. [`Client::run_statement`](crate::Client::run_statement) also finds one whose
/// answer is lost.
pub fn run(session: &Id, new: &NewStatement) -> Request<Statement> {
    // The answer repeats the code, which may be long.
    Request::post(&["sessions", session.as_str(), "statements"]).json(new).large()
}

/// [`GET /sessions/{session}/statements`](https://livy.apache.org/docs/latest/rest-api.html#get-sessionssessionidstatements):
/// lists the statements that the server still keeps.
pub fn list(session: &Id, page: Page) -> Request<Statements> {
    Request::get(&["sessions", session.as_str(), "statements"])
        .query("from", page.from)
        .query("size", page.size)
        .query("order", page.newest_first.then_some("desc"))
        .large()
}

/// Selects the statements that [`list`] returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The index of the first one.
    pub from: Option<u64>,
    /// The maximum number of statements.
    pub size: Option<u64>,
    /// Lists them from the newest to the oldest.
    pub newest_first: bool,
}

/// [`GET /sessions/{session}/statements/{id}`](https://livy.apache.org/docs/latest/rest-api.html#get-sessionssessionidstatementsstatementid):
/// describes a statement, with its output once it has ended.
pub fn get(session: &Id, id: &Id) -> Request<Statement> {
    Request::get(&["sessions", session.as_str(), "statements", id.as_str()]).large()
}

/// [`POST /sessions/{session}/statements/{id}/cancel`](https://livy.apache.org/docs/latest/rest-api.html#post-sessionssessionidstatementsstatementidcancel):
/// stops a statement's Spark jobs. Livy cannot stop a plain loop; it calls the statement cancelled
/// after 30 s while the loop goes on.
pub fn cancel(session: &Id, id: &Id) -> Request<IgnoredAny> {
    Request::post(&["sessions", session.as_str(), "statements", id.as_str(), "cancel"])
}

/// The body of [`run`].
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct NewStatement {
    /// The code to run.
    pub code: String,
    /// The code's kind, if it is not the session's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// The reply to [`list`].
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Statements {
    /// The statements, oldest first.
    #[serde(default, alias = "items")]
    pub statements: Vec<Statement>,
    /// The number of statements that the server keeps.
    #[serde(default, rename = "total_statements", deserialize_with = "number::count")]
    pub total: u64,
}

/// The server's description of a statement.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Statement {
    /// The statement's id within its session.
    pub id: Id,
    /// The code, if the server repeats it.
    #[serde(default)]
    pub code: Option<String>,
    /// The statement's state.
    pub state: StatementState,
    /// The output, once the statement has ended.
    #[serde(default, deserialize_with = "output")]
    pub output: Option<Output>,
    /// The share of its known Spark tasks that are done, from 0 to 1; it falls when tasks are added.
    #[serde(default, deserialize_with = "number::share")]
    pub progress: f64,
    /// The start, in milliseconds since 1970; 0 before it.
    #[serde(default, deserialize_with = "number::milliseconds")]
    pub started: i64,
    /// The end, in milliseconds since 1970; 0 before it.
    #[serde(default, deserialize_with = "number::milliseconds")]
    pub completed: i64,
}

impl Statement {
    /// Whether nothing more will come. An `available` statement without an output is not finished: some
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
    /// A state that this crate does not know.
    Unknown(String),
}

impl StatementState {
    /// Reads a state, ignoring case.
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
    /// The values by MIME type: text, or JSON for `application/json` and similar types.
    Ok(Map<String, Value>),
    /// The code failed.
    Error {
        /// The exception's name; `Error` for everything that is not Python.
        ename: String,
        /// The exception's message.
        evalue: String,
        /// The lines of the traceback; they may or may not end in a newline.
        traceback: Vec<String>,
    },
}

/// Reads an output. A failed `%json` or `%table` answers `status: ok` with a whole error reply hidden in
/// `data`, which counts as an error here.
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

/// Leaves out the code, which must not reach a log.
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
