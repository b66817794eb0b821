//! [Interactive sessions](https://livy.apache.org/docs/latest/rest-api.html#session): the Spark
//! applications that statements run in.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::{Map, Value};

use crate::{Feature, Id, Request, SessionProperties, number};

/// Some servers answer only when the cluster has accepted the session.
pub(crate) const CREATION_TIMEOUT: Duration = Duration::from_secs(60);

/// [`POST /sessions`](https://livy.apache.org/docs/latest/rest-api.html#post-sessions): starts a
/// session. [`Client::create_session`](crate::Client::create_session) also finds one whose answer is
/// lost.
pub fn create(new: &SessionProperties) -> Request<Session> {
    Request::post(&["sessions"]).json(new).answer_within(CREATION_TIMEOUT)
}

/// [`GET /sessions`](https://livy.apache.org/docs/latest/rest-api.html#get-sessions): lists the
/// active sessions, `size` of them from index `from` on.
pub fn list(from: Option<u64>, size: Option<u64>) -> Request<Sessions> {
    Request::get(&["sessions"]).query("from", from).query("size", size).large()
}

/// [`GET /sessions/{id}`](https://livy.apache.org/docs/latest/rest-api.html#get-sessionssessionid):
/// describes a session.
pub fn get(id: &Id) -> Request<Session> {
    Request::get(&["sessions", id.as_str()])
}

/// [`GET /sessions/{id}/state`](https://livy.apache.org/docs/latest/rest-api.html#get-sessionssessionidstate):
/// returns a session's state alone.
pub fn state(id: &Id) -> Request<State> {
    Request::get(&["sessions", id.as_str(), "state"])
}

/// [`GET /sessions/{id}/log`](https://livy.apache.org/docs/latest/rest-api.html#get-sessionssessionidlog):
/// returns `size` lines of the driver's log from line `from` on; without `from`, or with -1, the last
/// ones.
pub fn log(id: &Id, from: Option<i64>, size: Option<i64>) -> Request<Log> {
    Request::get(&["sessions", id.as_str(), "log"])
        .query("from", from)
        .query("size", size)
        .needing(Feature::Log)
        .large()
}

/// [`DELETE /sessions/{id}`](https://livy.apache.org/docs/latest/rest-api.html#delete-sessionssessionid):
/// ends a session and its Spark application.
pub fn delete(id: &Id) -> Request<IgnoredAny> {
    Request::delete(&["sessions", id.as_str()])
}

/// `POST /sessions/{id}/connect`: counts as activity, so that the idle timeout starts again. Livy has
/// it, and its documentation does not.
pub fn connect(id: &Id) -> Request<Session> {
    Request::post(&["sessions", id.as_str(), "connect"]).needing(Feature::Connect)
}

/// `PUT /sessions/{id}/reset-timeout`: does the same on Synapse.
pub fn put_reset_timeout(id: &Id) -> Request<IgnoredAny> {
    Request::put(&["sessions", id.as_str(), "reset-timeout"]).needing(Feature::ResetTimeout)
}

/// `POST /sessions/{id}/reset-timeout`: does the same on Fabric.
pub fn post_reset_timeout(id: &Id) -> Request<IgnoredAny> {
    Request::post(&["sessions", id.as_str(), "reset-timeout"]).needing(Feature::ResetTimeout)
}

/// The server's description of a session.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", from = "RawSession")]
pub struct Session {
    /// The session's id.
    pub id: Id,
    /// The session's name, if it was given one.
    pub name: Option<String>,
    /// The Spark application's id, once the cluster manager has given one.
    pub app_id: Option<String>,
    /// Links to the application.
    pub app_info: AppInfo,
    /// The user who created it.
    pub owner: Option<String>,
    /// The user it runs as.
    pub proxy_user: Option<String>,
    /// The kind of statements that name none: `pyspark`, `spark`, `sparkr` or `sql`.
    pub kind: Option<String>,
    /// The session's state.
    pub state: SessionState,
    /// The last lines of the driver's log.
    pub log: Vec<String>,
    /// All other fields, unchanged.
    pub other: Map<String, Value>,
}

/// A session as servers send it: any field but the id may be missing or null.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSession {
    id: Id,
    name: Option<String>,
    app_id: Option<String>,
    app_info: Option<AppInfo>,
    owner: Option<String>,
    proxy_user: Option<String>,
    kind: Option<String>,
    state: Option<SessionState>,
    log: Option<Vec<String>>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

impl From<RawSession> for Session {
    fn from(raw: RawSession) -> Self {
        Self {
            state: livy_state(&raw.other).or(raw.state).unwrap_or_default(),
            id: raw.id,
            name: raw.name,
            app_id: raw.app_id,
            app_info: raw.app_info.unwrap_or_default(),
            owner: raw.owner,
            proxy_user: raw.proxy_user,
            kind: raw.kind,
            log: raw.log.unwrap_or_default(),
            other: raw.other,
        }
    }
}

/// Returns Livy's own state from `livyInfo` on Fabric and Synapse, whose `state` is the service's.
fn livy_state(other: &Map<String, Value>) -> Option<SessionState> {
    other.get("livyInfo")?.get("currentState")?.as_str().map(SessionState::parse)
}

/// Links that the cluster manager provides; `None` until then.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AppInfo {
    /// The address of the driver's log.
    #[serde(default)]
    pub driver_log_url: Option<String>,
    /// The address of the Spark UI.
    #[serde(default)]
    pub spark_ui_url: Option<String>,
}

/// The reply to [`list`].
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Sessions {
    /// The sessions of this page.
    #[serde(default, alias = "items")]
    pub sessions: Vec<Session>,
    /// The number of all sessions.
    #[serde(default, deserialize_with = "number::count")]
    pub total: u64,
}

/// The reply to [`state`].
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct State {
    /// The session's state.
    pub state: SessionState,
}

/// The reply to [`log`].
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Log {
    /// The number of the first of these lines.
    #[serde(default, deserialize_with = "number::count")]
    pub from: u64,
    /// The number of lines that the server keeps.
    #[serde(default, deserialize_with = "number::count")]
    pub total: u64,
    /// The lines, oldest first.
    #[serde(default)]
    pub log: Vec<String>,
}

/// A [session's state](https://livy.apache.org/docs/latest/rest-api.html#session-state).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are Livy's")]
pub enum SessionState {
    #[default]
    NotStarted,
    Starting,
    Recovering,
    Idle,
    Busy,
    /// Only batches have this state.
    Running,
    ShuttingDown,
    Error,
    Dead,
    Killed,
    Success,
    /// A state that this crate does not know; other makes of servers have some.
    Unknown(String),
}

impl SessionState {
    /// Reads a state, ignoring case.
    pub fn parse(state: &str) -> Self {
        match state.to_ascii_lowercase().as_str() {
            "not_started" => Self::NotStarted,
            "starting" => Self::Starting,
            "recovering" => Self::Recovering,
            "idle" => Self::Idle,
            "busy" => Self::Busy,
            "running" => Self::Running,
            "shutting_down" => Self::ShuttingDown,
            "error" => Self::Error,
            "dead" => Self::Dead,
            "killed" => Self::Killed,
            "success" => Self::Success,
            _ => Self::Unknown(state.to_owned()),
        }
    }

    /// The state's name in Livy.
    pub fn as_str(&self) -> &str {
        match self {
            Self::NotStarted => "not_started",
            Self::Starting => "starting",
            Self::Recovering => "recovering",
            Self::Idle => "idle",
            Self::Busy => "busy",
            Self::Running => "running",
            Self::ShuttingDown => "shutting_down",
            Self::Error => "error",
            Self::Dead => "dead",
            Self::Killed => "killed",
            Self::Success => "success",
            Self::Unknown(state) => state,
        }
    }

    /// Whether the session takes statements.
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Idle | Self::Busy)
    }

    /// Whether the session will never take a statement again.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::ShuttingDown | Self::Error | Self::Dead | Self::Killed | Self::Success)
    }

    /// Whether the session may still become ready; one in an unknown state may.
    pub fn is_starting(&self) -> bool {
        !self.is_ready() && !self.is_over()
    }
}

impl fmt::Display for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for SessionState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|state| Self::parse(&state))
    }
}

/// Reads null, which servers send where the documentation promises a value, as the default.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_new_session_says_only_what_is_set() {
        let new = SessionProperties {
            kind: Some("pyspark".into()),
            heartbeat_timeout_in_second: Some(60),
            ..Default::default()
        };
        let body = json!({"kind": "pyspark", "heartbeatTimeoutInSecond": 60});
        assert_eq!(create(&new).body, Some(body));
    }

    #[test]
    fn a_log_page_is_asked_by_query() {
        let request = log(&"7".into(), Some(-1), Some(3));
        assert_eq!(request.path, ["sessions", "7", "log"]);
        assert_eq!(request.query, [("from", "-1".to_owned()), ("size", "3".to_owned())]);
    }

    #[test]
    fn a_session_with_nulls_unknown_fields_and_a_string_id_is_read() {
        let session: Session = serde_json::from_value(json!({
            "id": "0b-3e", "appId": null, "appInfo": null, "log": null,
            "state": "LibraryPackaging", "pluginInfo": {"preparationStartedAt": null}
        }))
        .unwrap();
        assert_eq!(session.id, "0b-3e".into());
        assert_eq!(session.state, SessionState::Unknown("LibraryPackaging".into()));
        assert!(session.state.is_starting());
        assert!(session.other.contains_key("pluginInfo"));
    }

    #[test]
    fn what_livy_says_goes_before_what_the_service_around_it_says() {
        let session: Session = serde_json::from_value(json!({
            "id": "0b-3e", "state": "starting", "livyInfo": {"currentState": "idle"}
        }))
        .unwrap();
        assert!(session.state.is_ready());
    }

    #[test]
    fn a_session_as_livy_0_9_sends_it_is_read() {
        let session: Session = serde_json::from_value(json!({
            "id": 8, "name": "lifecycle", "appId": "app-1", "owner": null, "proxyUser": null,
            "state": "idle", "kind": "pyspark", "log": ["one", "two"],
            "appInfo": {"driverLogUrl": null, "sparkUiUrl": "http://ui", "executorLogUrls": null},
            "heartbeatTimeoutInSecond": 300
        }))
        .unwrap();
        assert_eq!(session.id, "8".into());
        assert_eq!(session.app_info.spark_ui_url.as_deref(), Some("http://ui"));
        assert_eq!(session.log, ["one", "two"]);
        assert!(session.state.is_ready());
    }
}
