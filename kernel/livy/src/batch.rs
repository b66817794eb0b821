//! [Batches](https://livy.apache.org/docs/latest/rest-api.html#batch): Spark applications that run
//! by themselves, like those of `spark-submit`.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, IgnoredAny},
};
use serde_json::{Map, Value};

use crate::{
    Feature, Id, Request, SessionProperties, SessionState, number,
    session::{AppInfo, Log, State, null_as_default},
};

/// [`POST /batches`](https://livy.apache.org/docs/latest/rest-api.html#post-batches): submits a batch.
pub fn create(new: &NewBatch) -> Request<Batch> {
    Request::post(&["batches"]).json(new).needing(Feature::Batches)
}

/// [`GET /batches`](https://livy.apache.org/docs/latest/rest-api.html#get-batches): lists
/// batches, `size` of them from index `from` on.
pub fn list(from: Option<u64>, size: Option<u64>) -> Request<Batches> {
    Request::get(&["batches"])
        .query("from", from)
        .query("size", size)
        .needing(Feature::Batches)
        .large()
}

/// [`GET /batches/{id}`](https://livy.apache.org/docs/latest/rest-api.html#get-batchesbatchid):
/// describes a batch.
pub fn get(id: &Id) -> Request<Batch> {
    Request::get(&["batches", id.as_str()]).needing(Feature::Batches)
}

/// [`GET /batches/{id}/state`](https://livy.apache.org/docs/latest/rest-api.html#get-batchesbatchidstate):
/// returns a batch's state alone.
pub fn state(id: &Id) -> Request<State> {
    Request::get(&["batches", id.as_str(), "state"]).needing(Feature::Batches)
}

/// [`GET /batches/{id}/log`](https://livy.apache.org/docs/latest/rest-api.html#get-batchesbatchidlog):
/// returns `size` lines of a batch's log from line `from` on; without `from`, or with -1, the last ones.
pub fn log(id: &Id, from: Option<i64>, size: Option<i64>) -> Request<Log> {
    Request::get(&["batches", id.as_str(), "log"])
        .query("from", from)
        .query("size", size)
        .needing(Feature::Batches)
        .large()
}

/// [`DELETE /batches/{id}`](https://livy.apache.org/docs/latest/rest-api.html#delete-batchesbatchid):
/// ends a batch.
pub fn delete(id: &Id) -> Request<IgnoredAny> {
    Request::delete(&["batches", id.as_str()]).needing(Feature::Batches)
}

/// The body of [`create`]. Properties that only sessions have are not sent; reading refuses unknown
/// ones, as [`SessionProperties`] does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewBatch {
    /// Address of the file with the application, from the cluster's point of view.
    pub file: String,
    /// The main class of a jar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_name: Option<String>,
    /// Command-line arguments of the application.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// The properties of the Spark application.
    #[serde(flatten, deserialize_with = "strict", serialize_with = "without_those_of_sessions")]
    pub properties: SessionProperties,
}

/// Reads all fields that are left: serde itself would ignore unknown ones in a flattened struct.
fn strict<'de, D: Deserializer<'de>>(rest: D) -> Result<SessionProperties, D::Error> {
    let rest = Map::<String, Value>::deserialize(rest)?;
    serde_json::from_value(rest.into()).map_err(D::Error::custom)
}

fn without_those_of_sessions<S: Serializer>(
    properties: &SessionProperties,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    properties.clone().for_batch().serialize(serializer)
}

/// The server's description of a batch.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    /// The batch's id.
    pub id: Id,
    /// The batch's name, if it was given one.
    #[serde(default)]
    pub name: Option<String>,
    /// The Spark application's id, once the cluster manager has given one.
    #[serde(default)]
    pub app_id: Option<String>,
    /// Links to the application.
    #[serde(default, deserialize_with = "null_as_default")]
    pub app_info: AppInfo,
    /// The batch's state: `starting`, `running`, `success`, `dead`, `killed`, …
    #[serde(default, deserialize_with = "null_as_default")]
    pub state: SessionState,
    /// The last lines of the batch's log.
    #[serde(default, deserialize_with = "null_as_default")]
    pub log: Vec<String>,
    /// All other fields, unchanged.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The reply to [`list`].
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Batches {
    /// The batches of this page.
    #[serde(default, alias = "items")]
    pub sessions: Vec<Batch>,
    /// The number of all batches.
    #[serde(default, deserialize_with = "number::count")]
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
            properties: SessionProperties { ttl: Some("1h".into()), ..Default::default() },
        };
        let body = json!({"file": "/jobs/pi.py", "args": ["10"], "className": "Pi"});
        assert_eq!(create(&new).body, Some(body));
    }

    #[test]
    fn a_new_batch_is_read_and_its_unknown_properties_are_refused() {
        let new: NewBatch =
            serde_json::from_value(json!({"file": "a.py", "conf": {"spark.a": 7}})).unwrap();
        assert_eq!((new.file.as_str(), new.properties.conf["spark.a"].as_str()), ("a.py", "7"));
        for (batch, reason) in [
            (json!({}), "missing field `file`"),
            (json!({"file": "a.py", "driverMemroy": "1g"}), "unknown field `driverMemroy`"),
        ] {
            let error = serde_json::from_value::<NewBatch>(batch).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
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
