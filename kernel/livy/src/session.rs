//! [Interactive sessions](https://livy.apache.org/docs/latest/rest-api.html#session): the Spark
//! applications that statements run in.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};
use serde_json::{Map, Value};

use crate::{Ability, Application, Id, Request};

/// Some servers answer only when the cluster has taken the session in.
pub(crate) const CREATED_WITHIN: Duration = Duration::from_secs(60);

/// [`POST /sessions`](https://livy.apache.org/docs/latest/rest-api.html#post-sessions): starts a
/// session. [`Client::create_session`](crate::Client::create_session) survives a lost answer.
pub fn create(new: &NewSession) -> Request<Session> {
    Request::post(&["sessions"]).json(new).answer_within(CREATED_WITHIN)
}

/// [`GET /sessions`](https://livy.apache.org/docs/latest/rest-api.html#get-sessions): the active
/// sessions, `size` of them from index `from` on.
pub fn list(from: Option<u64>, size: Option<u64>) -> Request<Sessions> {
    Request::get(&["sessions"]).query("from", from).query("size", size)
}

/// [`GET /sessions/{id}`](https://livy.apache.org/docs/latest/rest-api.html#get-sessionssessionid):
/// what the server last knew of a session.
pub fn get(id: &Id) -> Request<Session> {
    Request::get(&["sessions", id.as_str()])
}

/// [`GET /sessions/{id}/state`](https://livy.apache.org/docs/latest/rest-api.html#get-sessionssessionidstate):
/// its state alone.
pub fn state(id: &Id) -> Request<State> {
    Request::get(&["sessions", id.as_str(), "state"])
}

/// [`GET /sessions/{id}/log`](https://livy.apache.org/docs/latest/rest-api.html#get-sessionssessionidlog):
/// `size` lines of the driver's log from line `from` on; without `from`, or with -1, the last ones.
pub fn log(id: &Id, from: Option<i64>, size: Option<i64>) -> Request<Log> {
    Request::get(&["sessions", id.as_str(), "log"])
        .query("from", from)
        .query("size", size)
        .needing(Ability::Log)
}

/// [`DELETE /sessions/{id}`](https://livy.apache.org/docs/latest/rest-api.html#delete-sessionssessionid):
/// ends a session and its Spark application.
pub fn delete(id: &Id) -> Request<IgnoredAny> {
    Request::delete(&["sessions", id.as_str()])
}

/// `POST /sessions/{id}/connect`: counts as activity, so that an idle timeout begins anew.
pub fn connect(id: &Id) -> Request<Session> {
    Request::post(&["sessions", id.as_str(), "connect"]).needing(Ability::Connect)
}

/// `PUT /sessions/{id}/reset-timeout`: the same on Synapse.
pub fn put_reset_timeout(id: &Id) -> Request<IgnoredAny> {
    Request::put(&["sessions", id.as_str(), "reset-timeout"]).needing(Ability::ResetTimeout)
}

/// `POST /sessions/{id}/reset-timeout`: the same on Fabric.
pub fn post_reset_timeout(id: &Id) -> Request<IgnoredAny> {
    Request::post(&["sessions", id.as_str(), "reset-timeout"]).needing(Ability::ResetTimeout)
}

/// The body of [`create`]; what is `None` or empty is left to the server.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewSession {
    /// `pyspark`, `spark`, `sparkr` or `sql`: the kind of statements that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The Spark application that it is.
    #[serde(flatten)]
    pub application: Application,
    /// Seconds without any request after which the server ends the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_timeout_in_second: Option<u32>,
    /// How long it may live, such as `8h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<String>,
    /// How long it may be idle, such as `1h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<String>,
}

/// What the server says of a session.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", from = "RawSession")]
pub struct Session {
    /// Its id.
    pub id: Id,
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// The Spark application's id, once the cluster manager has given one.
    pub app_id: Option<String>,
    /// Where to look at the application.
    pub app_info: AppInfo,
    /// Whose it is.
    pub owner: Option<String>,
    /// Whom it runs as.
    pub proxy_user: Option<String>,
    /// The kind of statements that name none.
    pub kind: Option<String>,
    /// Its state.
    pub state: SessionState,
    /// The last lines of its log.
    pub log: Vec<String>,
    /// Every other field, as it came.
    pub other: Map<String, Value>,
}

/// A session as it comes: any field may be missing or null but the id.
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

/// Fabric and Synapse tell in `livyInfo` what Livy itself says; their `state` is the service's.
fn livy_state(other: &Map<String, Value>) -> Option<SessionState> {
    other.get("livyInfo")?.get("currentState")?.as_str().map(SessionState::parse)
}

/// Links that the cluster manager gives; null until it does.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AppInfo {
    /// The driver's log.
    #[serde(default)]
    pub driver_log_url: Option<String>,
    /// Spark's own pages.
    #[serde(default)]
    pub spark_ui_url: Option<String>,
}

/// The reply to [`list`].
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Sessions {
    /// The sessions of this page.
    #[serde(default, alias = "items")]
    pub sessions: Vec<Session>,
    /// How many there are in all.
    #[serde(default)]
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
    /// The number of the first line here.
    #[serde(default)]
    pub from: u64,
    /// How many lines the server keeps.
    #[serde(default)]
    pub total: u64,
    /// The lines.
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
    /// Of a batch.
    Running,
    ShuttingDown,
    Error,
    Dead,
    Killed,
    Success,
    /// A state this crate has not heard of, as other makers of Livy endpoints have some.
    Unknown(String),
}

impl SessionState {
    /// Reads a state, in any case of letters.
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

    /// Livy's word for it.
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

    /// Whether it takes statements.
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Idle | Self::Busy)
    }

    /// Whether it will never take a statement again.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::ShuttingDown | Self::Error | Self::Dead | Self::Killed | Self::Success)
    }

    /// Whether it may still become ready; an unknown state may.
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

/// Servers send null where the documents promise a value.
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
        let new = NewSession {
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
