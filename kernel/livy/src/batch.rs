//! [Batches](https://livy.apache.org/docs/latest/rest-api.html#batch): Spark applications that run
//! by themselves, as `spark-submit` starts them.

use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::{Map, Value};

use crate::{
    Ability, Application, Id, Request, SessionState,
    session::{AppInfo, Log, State, null_as_default},
};

/// [`POST /batches`](https://livy.apache.org/docs/latest/rest-api.html#post-batches): submits one.
pub fn create(new: &NewBatch) -> Request<Batch> {
    Request::post(&["batches"]).json(new).needing(Ability::Batches)
}

/// [`GET /batches`](https://livy.apache.org/docs/latest/rest-api.html#get-batches): the batches,
/// `size` of them from index `from` on.
pub fn list(from: Option<u64>, size: Option<u64>) -> Request<Batches> {
    Request::get(&["batches"]).query("from", from).query("size", size).needing(Ability::Batches)
}

/// [`GET /batches/{id}`](https://livy.apache.org/docs/latest/rest-api.html#get-batchesbatchid)
pub fn get(id: &Id) -> Request<Batch> {
    Request::get(&["batches", id.as_str()]).needing(Ability::Batches)
}

/// [`GET /batches/{id}/state`](https://livy.apache.org/docs/latest/rest-api.html#get-batchesbatchidstate)
pub fn state(id: &Id) -> Request<State> {
    Request::get(&["batches", id.as_str(), "state"]).needing(Ability::Batches)
}

/// [`GET /batches/{id}/log`](https://livy.apache.org/docs/latest/rest-api.html#get-batchesbatchidlog)
pub fn log(id: &Id, from: Option<i64>, size: Option<i64>) -> Request<Log> {
    Request::get(&["batches", id.as_str(), "log"])
        .query("from", from)
        .query("size", size)
        .needing(Ability::Batches)
}

/// [`DELETE /batches/{id}`](https://livy.apache.org/docs/latest/rest-api.html#delete-batchesbatchid)
pub fn delete(id: &Id) -> Request<IgnoredAny> {
    Request::delete(&["batches", id.as_str()]).needing(Ability::Batches)
}

/// The body of [`create`]; what is `None` or empty is left to the server.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewBatch {
    /// The file with the application, where the cluster finds it.
    pub file: String,
    /// The main class, of a jar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_name: Option<String>,
    /// Arguments of the application.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// The Spark application that it is.
    #[serde(flatten)]
    pub application: Application,
}

/// What the server says of a batch.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    /// Its id.
    pub id: Id,
    /// Its name, if it was given one.
    #[serde(default)]
    pub name: Option<String>,
    /// The Spark application's id, once there is one.
    #[serde(default)]
    pub app_id: Option<String>,
    /// Where to look at the application.
    #[serde(default, deserialize_with = "null_as_default")]
    pub app_info: AppInfo,
    /// Its state: `starting`, `running`, `success`, `dead`, `killed`, …
    #[serde(default, deserialize_with = "null_as_default")]
    pub state: SessionState,
    /// The last lines of its log.
    #[serde(default, deserialize_with = "null_as_default")]
    pub log: Vec<String>,
    /// Every other field, as it came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The reply to [`list`].
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Batches {
    /// The batches of this page.
    #[serde(default, alias = "items")]
    pub sessions: Vec<Batch>,
    /// How many there are in all.
    #[serde(default)]
    pub total: u64,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_new_batch_says_only_what_is_set() {
        let new = NewBatch {
            file: "/jobs/pi.py".into(),
            args: vec!["10".into()],
            class_name: Some("Pi".into()),
            ..Default::default()
        };
        let body = json!({"file": "/jobs/pi.py", "args": ["10"], "className": "Pi"});
        assert_eq!(create(&new).body, Some(body));
    }

    #[test]
    fn a_batch_as_livy_sends_it_is_read() {
        let batch: Batch = serde_json::from_value(json!({"id": 1, "name": null, "owner": null,
            "proxyUser": null, "state": "running", "appId": null,
            "appInfo": {"driverLogUrl": null, "sparkUiUrl": null}, "log": ["stdout: "]}))
        .unwrap();
        assert_eq!((batch.id, batch.state), ("1".into(), SessionState::Running));
    }
}
