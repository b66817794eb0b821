//! What `%%configure` says of the sessions to come, in
//! [Livy's words](https://livy.apache.org/docs/latest/rest-api.html#post-sessions). Pure.

use std::collections::BTreeMap;

use livy_client::{Application, session::NewSession};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::kind::Kind;

/// What is left out is as the settings and the server have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Configuration {
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    /// Of a session to share, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy_user: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    jars: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    py_files: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    archives: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    driver_memory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    driver_cores: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    executor_memory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    executor_cores: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_executors: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heartbeat_timeout_in_second: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_timeout: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "as_text")]
    conf: BTreeMap<String, String>,
}

/// Numbers and booleans are what people write, and text is what Spark takes.
fn as_text<'de, D: Deserializer<'de>>(conf: D) -> Result<BTreeMap<String, String>, D::Error> {
    let conf = BTreeMap::<String, Value>::deserialize(conf)?;
    let text = |(name, value): (String, Value)| match value {
        Value::String(text) => Ok((name, text)),
        Value::Bool(_) | Value::Number(_) => Ok((name, value.to_string())),
        _ => Err(serde::de::Error::custom(format_args!("`{name}` is neither text nor a number"))),
    };
    conf.into_iter().map(text).collect()
}

impl Configuration {
    /// Reads the JSON in a cell for a kernel of this language. An error says where in the cell, and why.
    pub fn read(cell: &str, kernel: Kind) -> Result<Self, String> {
        let read: Self = object(cell)?;
        match read.kind {
            Some(kind) if kind != kernel => Err(format!(
                "this kernel's sessions are of kind {}, and not {}: choose another kernel, or begin a \
                 cell with %%{}",
                kernel.as_str(),
                kind.as_str(),
                kind.as_str()
            )),
            _ => Ok(read),
        }
    }

    /// The same with what another says: of lists and of single values the other's, of properties
    /// both.
    pub fn merged(self, other: Self) -> Result<Self, serde_json::Error> {
        let (mut all, other) = (serde_json::to_value(self)?, serde_json::to_value(other)?);
        merge(&mut all, other);
        serde_json::from_value(all)
    }

    /// Why a property cannot be one of it, if it cannot.
    pub fn check(name: &str, value: &Value) -> Result<(), serde_json::Error> {
        let alone = serde_json::json!({ name: value });
        serde_json::from_value::<Self>(alone).map(drop)
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// A session to ask for, which says what this leaves out.
    pub fn session(&self, default: NewSession) -> NewSession {
        let this = self.clone();
        let heartbeat = this.heartbeat_timeout_in_second;
        let (ttl, idle_timeout) = (this.ttl.clone(), this.idle_timeout.clone());
        let application = this.application();
        NewSession {
            application: Application {
                name: application.name.or(default.application.name),
                ..application
            },
            heartbeat_timeout_in_second: heartbeat.or(default.heartbeat_timeout_in_second),
            ttl: ttl.or(default.ttl),
            idle_timeout: idle_timeout.or(default.idle_timeout),
            kind: default.kind,
        }
    }

    /// The Spark application that it describes.
    pub fn application(self) -> Application {
        Application {
            name: self.name,
            proxy_user: self.proxy_user,
            jars: self.jars,
            py_files: self.py_files,
            files: self.files,
            archives: self.archives,
            driver_memory: self.driver_memory,
            driver_cores: self.driver_cores,
            executor_memory: self.executor_memory,
            executor_cores: self.executor_cores,
            num_executors: self.num_executors,
            queue: self.queue,
            conf: self.conf,
        }
    }
}

/// The JSON object in a cell. An error says where in the cell, and why.
pub fn object<T: DeserializeOwned>(cell: &str) -> Result<T, String> {
    let Some(begin) = cell.find('{') else {
        return Err("there is no JSON object in the cell".to_owned());
    };
    serde_json::from_str(&cell[begin..]).map_err(|error| located(&cell[..begin], &error))
}

/// An error whose line and column count from the cell's beginning.
fn located(before: &str, error: &serde_json::Error) -> String {
    let what = error.to_string();
    let what = what.rsplit_once(" at line").map_or(what.as_str(), |(what, _)| what);
    let last_line = before.rsplit('\n').next().unwrap_or_default();
    let shift = if error.line() == 1 { last_line.chars().count() } else { 0 };
    let line = before.matches('\n').count() + error.line();
    format!("{what} (line {line}, column {} of the cell)", error.column() + shift)
}

/// Properties are added one by one, within others too; all else is replaced.
pub fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(cell: &str) -> Configuration {
        Configuration::read(cell, Kind::Pyspark).unwrap()
    }

    #[test]
    fn a_session_gets_what_is_said_and_the_rest_by_default() {
        let cell = "%%configure -f\n{\"driverMemory\": \"2g\", \"name\": \"etl\", \"kind\": \"pyspark\",\n\
                    \"conf\": {\"spark.a\": 7, \"spark.b\": true, \"spark.c\": \"x\"}}";
        let default = NewSession { ttl: Some("8h".to_owned()), ..Default::default() };
        assert_eq!(
            serde_json::to_value(read(cell).session(default)).unwrap(),
            json!({"driverMemory": "2g", "name": "etl", "ttl": "8h",
                "conf": {"spark.a": "7", "spark.b": "true", "spark.c": "x"}})
        );
    }

    #[test]
    fn a_fault_is_told_with_its_place_in_the_cell() {
        let check = |cell: &str, words: &[&str]| {
            let error = Configuration::read(cell, Kind::Pyspark).unwrap_err();
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        };
        check(
            "%%configure\n{\n  \"driverMemroy\": \"2g\"\n}",
            &["driverMemroy", "driverMemory", "line 3"],
        );
        check("%%configure {\"name\" 1}", &["expected `:`", "line 1, column 21 of the cell"]);
        check("%%configure\n{\"executorCores\": \"two\"}", &["invalid type", "line 2, column 23"]);
        check("%%configure\n{\"conf\": {\"spark.a\": [1]}}", &["`spark.a` is neither"]);
        check("%%configure\n{\"kind\": \"spark\"}", &["of kind pyspark", "%%spark"]);
        check("%%configure -f", &["no JSON"]);
        check("%%configure\n{} trailing", &["trailing characters"]);
    }

    #[test]
    fn properties_are_merged_one_by_one() {
        let all = read(r#"{"driverMemory": "1g", "jars": ["a"], "conf": {"x": 1, "y": 2}}"#)
            .merged(read(r#"{"driverMemory": "2g", "jars": ["b"], "conf": {"y": 3}}"#))
            .unwrap();
        assert_eq!(all, read(r#"{"driverMemory": "2g", "jars": ["b"], "conf": {"x": 1, "y": 3}}"#));
    }
}
