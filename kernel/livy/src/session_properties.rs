//! The one list of properties of a new session or batch. Pure.

use std::collections::BTreeMap;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, Unexpected, Visitor},
};
use serde_json::{Value, json};

/// The properties of a new [session](https://livy.apache.org/docs/latest/rest-api.html#post-sessions)
/// and, but for the four that [`for_batch`](Self::for_batch) leaves out, of a new
/// [batch](https://livy.apache.org/docs/latest/rest-api.html#post-batches).
///
/// What is `None` or empty is not sent, so the server decides. A number may be in quotes, as Livy takes it,
/// too. Unknown properties are refused when they
/// are read, because they are the user's typing errors:
///
/// ```
/// use livy_client::SessionProperties;
///
/// let typed = r#"{"driverMemory": "2g", "conf": {"spark.sql.shuffle.partitions": 8}}"#;
/// let properties: SessionProperties = serde_json::from_str(typed)?;
/// assert_eq!(properties.conf["spark.sql.shuffle.partitions"], "8");
///
/// let mistyped = serde_json::from_str::<SessionProperties>(r#"{"driverMemroy": "2g"}"#);
/// assert!(mistyped.unwrap_err().to_string().contains("unknown field `driverMemroy`"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SessionProperties {
    /// The [kind](https://livy.apache.org/docs/latest/rest-api.html#session-kind) of statements that
    /// name none: `pyspark`, `spark`, `sparkr` or `sql`. Sessions only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// A name that is accepted wherever the id is; unique on a server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The user to run as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_user: Option<String>,
    /// Addresses of jars for the driver and the executors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jars: Vec<String>,
    /// Addresses of Python files for the driver and the executors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub py_files: Vec<String>,
    /// Addresses of files for the executors' working folders.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Addresses of archives that the executors unpack.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub archives: Vec<String>,
    /// Memory of the driver, such as `2g`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver_memory: Option<String>,
    /// Number of the driver's cores.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "number")]
    pub driver_cores: Option<u32>,
    /// Memory of each executor, such as `2g`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executor_memory: Option<String>,
    /// Number of each executor's cores.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "number")]
    pub executor_cores: Option<u32>,
    /// Number of executors.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "number")]
    pub num_executors: Option<u32>,
    /// The YARN queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Seconds without any request after which the server ends the session. Sessions only.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "number")]
    pub heartbeat_timeout_in_second: Option<u32>,
    /// How long the session may live, in Livy's notation for times, such as `8h`
    /// ([`time::parse`](crate::time::parse)). Sessions only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<String>,
    /// How long the session may be idle, such as `1h`. Sessions only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<String>,
    /// Spark's configuration. Numbers and booleans are read too, and become text.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "as_text")]
    pub conf: BTreeMap<String, String>,
}

impl SessionProperties {
    /// Adds other properties, which win: values and lists replace those here, and Spark's
    /// configuration is merged key by key.
    #[must_use]
    pub fn merged(self, other: Self) -> Self {
        let mut conf = self.conf;
        conf.extend(other.conf);
        Self {
            kind: other.kind.or(self.kind),
            name: other.name.or(self.name),
            proxy_user: other.proxy_user.or(self.proxy_user),
            jars: either(other.jars, self.jars),
            py_files: either(other.py_files, self.py_files),
            files: either(other.files, self.files),
            archives: either(other.archives, self.archives),
            driver_memory: other.driver_memory.or(self.driver_memory),
            driver_cores: other.driver_cores.or(self.driver_cores),
            executor_memory: other.executor_memory.or(self.executor_memory),
            executor_cores: other.executor_cores.or(self.executor_cores),
            num_executors: other.num_executors.or(self.num_executors),
            queue: other.queue.or(self.queue),
            heartbeat_timeout_in_second: other
                .heartbeat_timeout_in_second
                .or(self.heartbeat_timeout_in_second),
            ttl: other.ttl.or(self.ttl),
            idle_timeout: other.idle_timeout.or(self.idle_timeout),
            conf,
        }
    }

    /// Returns the same without what a batch cannot have: kind, heartbeat timeout, time to live and
    /// idle timeout.
    #[must_use]
    pub fn for_batch(self) -> Self {
        Self {
            kind: None,
            heartbeat_timeout_in_second: None,
            ttl: None,
            idle_timeout: None,
            ..self
        }
    }

    /// Whether no property is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Checks one property by its name in JSON.
    ///
    /// # Errors
    ///
    /// Fails if no property has this name, or if the value is none for it.
    pub fn check(name: &str, value: &Value) -> Result<(), serde_json::Error> {
        serde_json::from_value::<Self>(json!({ name: value })).map(drop)
    }
}

fn either(first: Vec<String>, second: Vec<String>) -> Vec<String> {
    if first.is_empty() { second } else { first }
}

/// Reads a number, also one in quotes.
fn number<'de, D: Deserializer<'de>>(value: D) -> Result<Option<u32>, D::Error> {
    Ok(Option::<Number>::deserialize(value)?.map(|Number(number)| number))
}

struct Number(u32);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        value.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("a whole number")
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Number, E> {
        let invalid = |_| E::invalid_value(Unexpected::Unsigned(value), &self);
        u32::try_from(value).map(Number).map_err(invalid)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Number, E> {
        let invalid = |_| E::invalid_type(Unexpected::Str(text), &self);
        text.trim().parse().map(Number).map_err(invalid)
    }
}

/// Users write numbers and booleans, and Spark takes text.
fn as_text<'de, D: Deserializer<'de>>(conf: D) -> Result<BTreeMap<String, String>, D::Error> {
    let conf = BTreeMap::<String, Value>::deserialize(conf)?;
    let text = |(name, value): (String, Value)| match value {
        Value::String(text) => Ok((name, text)),
        Value::Bool(_) | Value::Number(_) => Ok((name, value.to_string())),
        _ => Err(D::Error::custom(format_args!("`{name}` is neither text nor a number"))),
    };
    conf.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(properties: Value) -> SessionProperties {
        serde_json::from_value(properties).unwrap()
    }

    fn all() -> Value {
        json!({"kind": "pyspark", "name": "etl", "proxyUser": "alice", "jars": ["a.jar"],
            "pyFiles": ["a.py"], "files": ["a.txt"], "archives": ["a.zip"], "driverMemory": "1g",
            "driverCores": 1, "executorMemory": "2g", "executorCores": 2, "numExecutors": 3,
            "queue": "q", "heartbeatTimeoutInSecond": 60, "ttl": "8h", "idleTimeout": "1h",
            "conf": {"spark.a": "7"}})
    }

    #[test]
    fn every_property_is_read_and_written_under_livys_name() {
        assert_eq!(serde_json::to_value(read(all())).unwrap(), all());
        assert_eq!(serde_json::to_value(SessionProperties::default()).unwrap(), json!({}));
        assert!(read(json!({})).is_empty() && !read(all()).is_empty());
    }

    #[test]
    fn numbers_and_booleans_of_sparks_configuration_become_text() {
        let conf = read(json!({"conf": {"a": 7, "b": true, "c": "x"}})).conf;
        let expected = [("a", "7"), ("b", "true"), ("c", "x")];
        assert_eq!(conf, expected.map(|(name, text)| (name.to_owned(), text.to_owned())).into());
    }

    #[test]
    fn a_number_may_be_in_quotes() {
        let quoted = read(json!({"driverCores": "2", "numExecutors": " 3 ", "executorCores": 4}));
        let numbers = (quoted.driver_cores, quoted.num_executors, quoted.executor_cores);
        assert_eq!(numbers, (Some(2), Some(3), Some(4)));
        assert_eq!(read(json!({"driverCores": null})).driver_cores, None);
        for wrong in [json!("two"), json!(-1), json!(1.5), json!(5_000_000_000_u64)] {
            assert!(SessionProperties::check("driverCores", &wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_error_names_the_property_and_its_place() {
        let error = |text| serde_json::from_str::<SessionProperties>(text).unwrap_err().to_string();
        let unknown = error("{\n\"driverMemroy\": \"2g\"}");
        assert!(unknown.contains("unknown field `driverMemroy`"), "{unknown}");
        assert!(unknown.contains("`driverMemory`") && unknown.contains("line 2"), "{unknown}");
        assert!(error(r#"{"executorCores": "two"}"#).contains("column 23"));
        assert!(error(r#"{"conf": {"spark.a": [1]}}"#).contains("`spark.a` is neither"));
    }

    #[test]
    fn one_property_can_be_checked_alone() {
        assert!(SessionProperties::check("driverCores", &json!(2)).is_ok());
        assert!(SessionProperties::check("driverCores", &json!("two")).is_err());
        assert!(SessionProperties::check("cores", &json!(2)).is_err());
    }

    #[test]
    fn the_second_wins_but_for_configuration_that_it_does_not_name() {
        let base = json!({"driverMemory": "1g", "jars": ["a"], "conf": {"x": 1, "y": 2}});
        let other = json!({"driverMemory": "2g", "jars": ["b"], "conf": {"y": 3}});
        let merged = json!({"driverMemory": "2g", "jars": ["b"], "conf": {"x": 1, "y": 3}});
        assert_eq!(read(base).merged(read(other)), read(merged));
        assert_eq!(SessionProperties::default().merged(read(all())), read(all()));
        assert_eq!(read(all()).merged(SessionProperties::default()), read(all()));
    }

    #[test]
    fn a_batch_has_no_kind_and_no_time_limits() {
        let left = serde_json::to_value(read(all()).for_batch()).unwrap();
        let mut expected = all();
        for name in ["kind", "heartbeatTimeoutInSecond", "ttl", "idleTimeout"] {
            expected.as_object_mut().unwrap().remove(name);
        }
        assert_eq!(left, expected);
    }
}
