//! The body of [`POST /sessions`](https://livy.apache.org/docs/latest/rest-api.html#post-sessions).

use std::str::FromStr;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    duration::parse_duration,
    kind::Kind,
    refusal::Refusal,
    request::{application::ApplicationOptions, parse::Class},
};

const CLASS: Class = Class {
    name: "org.apache.livy.server.interactive.CreateInteractiveRequest",
    fields: &[
        "executorCores",
        "conf",
        "driverMemory",
        "name",
        "driverCores",
        "idleTimeout",
        "pyFiles",
        "archives",
        "kind",
        "files",
        "jars",
        "proxyUser",
        "numExecutors",
        "heartbeatTimeoutInSecond",
        "ttl",
        "queue",
        "executorMemory",
    ],
};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CreateSession {
    kind: Option<String>,
    #[serde(flatten)]
    pub(crate) application: ApplicationOptions,
    pub(crate) heartbeat_timeout_in_second: Option<u32>,
    pub(crate) ttl: Option<String>,
    pub(crate) idle_timeout: Option<String>,
}

impl CreateSession {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let request: Self = CLASS.parse(body)?;
        if let Some(Err(error)) = request.kind.as_deref().map(Kind::from_str) {
            return Err(CLASS.invalid_field("kind", error));
        }
        for duration in request.ttl.iter().chain(&request.idle_timeout) {
            parse_duration(duration).map_err(|error| Refusal::Rejected(error.to_string()))?;
        }
        Ok(request)
    }

    /// Returns the language of the statements. Without one, each statement must name its own.
    pub(crate) fn kind(&self) -> Kind {
        self.kind.as_deref().and_then(|kind| kind.parse().ok()).unwrap_or(Kind::Shared)
    }

    /// Returns the fields of [Livy's session object](https://livy.apache.org/docs/latest/rest-api.html#session) that repeat
    /// the request.
    pub(crate) fn view(&self) -> Map<String, Value> {
        let asked = &self.application;
        let fields = [
            ("name", json!(asked.name)),
            ("kind", json!(self.kind().as_str())),
            ("ttl", json!(self.ttl)),
            ("idleTimeout", json!(self.idle_timeout)),
            (
                "heartbeatTimeoutInSecond",
                json!(self.heartbeat_timeout_in_second.unwrap_or_default()),
            ),
            ("driverMemory", json!(asked.driver_memory)),
            ("driverCores", json!(asked.driver_cores.unwrap_or_default())),
            ("executorMemory", json!(asked.executor_memory)),
            ("executorCores", json!(asked.executor_cores.unwrap_or_default())),
            ("numExecutors", json!(asked.num_executors.unwrap_or_default())),
            ("conf", json!(asked.conf.clone().unwrap_or_default())),
            ("archives", json!(asked.archives.as_deref().unwrap_or_default())),
            ("files", json!(asked.files.as_deref().unwrap_or_default())),
            ("jars", json!(asked.jars.as_deref().unwrap_or_default())),
            ("pyFiles", json!(asked.py_files.as_deref().unwrap_or_default())),
            ("queue", json!(asked.queue)),
        ];
        fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::parse::assert_reads_all_fields;

    #[test]
    fn all_fields_of_livys_are_read() {
        assert_reads_all_fields::<CreateSession>(&CLASS);
    }
}
