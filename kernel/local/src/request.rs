//! Bodies of requests, and Livy's answers to the malformed ones.

use std::collections::BTreeMap;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::kind::{InvalidKind, Kind};
use crate::lifetime::parse_time;
use crate::refusal::Refusal;

const NO_CODE: &str =
    r#"java.lang.NullPointerException: Cannot invoke "String.toCharArray()" because "s" is null"#;

/// What sessions and batches both say of their Spark application.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Application {
    /// Known but not obeyed, like the parameter `doAs`: this server runs everything as the one person it is for.
    #[serde(rename = "proxyUser")]
    _proxy_user: Option<String>,
    pub(crate) jars: Option<Vec<String>>,
    pub(crate) py_files: Option<Vec<String>>,
    pub(crate) files: Option<Vec<String>>,
    pub(crate) driver_memory: Option<String>,
    pub(crate) driver_cores: Option<u32>,
    pub(crate) executor_memory: Option<String>,
    pub(crate) executor_cores: Option<u32>,
    pub(crate) num_executors: Option<u32>,
    pub(crate) archives: Option<Vec<String>>,
    pub(crate) queue: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) conf: Option<BTreeMap<String, String>>,
}

/// `POST /sessions`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CreateSession {
    kind: Option<String>,
    #[serde(flatten)]
    pub(crate) application: Application,
    pub(crate) heartbeat_timeout_in_second: Option<u32>,
    pub(crate) ttl: Option<String>,
    pub(crate) idle_timeout: Option<String>,
}

/// `POST /sessions/{id}/statements`.
#[derive(Debug, Deserialize)]
pub(crate) struct ExecuteStatement {
    code: Option<String>,
    kind: Option<String>,
}

/// `POST /sessions/{id}/completion`.
#[derive(Debug, Deserialize)]
pub(crate) struct Complete {
    #[serde(default)]
    code: String,
    #[serde(default)]
    cursor: Cursor,
    kind: Option<String>,
}

/// A number as such or as a text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Cursor {
    Number(i64),
    Text(String),
}

impl Default for Cursor {
    fn default() -> Self {
        Self::Number(0)
    }
}

/// `POST /batches`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CreateBatch {
    file: Option<String>,
    pub(crate) class_name: Option<String>,
    pub(crate) args: Option<Vec<String>>,
    #[serde(flatten)]
    pub(crate) application: Application,
}

impl CreateBatch {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        const CLASS: &str = "org.apache.livy.server.batch.CreateBatchRequest";
        const FIELDS: &[&str] = &[
            "executorCores",
            "className",
            "conf",
            "driverMemory",
            "name",
            "driverCores",
            "pyFiles",
            "archives",
            "executorMemory",
            "files",
            "jars",
            "proxyUser",
            "numExecutors",
            "file",
            "args",
            "queue",
        ];
        parse(body, CLASS, FIELDS)
    }

    /// The application, a path or a URI.
    pub(crate) fn file(&self) -> Result<&str, Refusal> {
        let requirement = match self.file.as_deref().unwrap_or_default() {
            "" => "File is required.".to_owned(),
            file if file.starts_with('/') || file.contains(":/") => return Ok(file),
            file => format!("Path '{file}' is not absolute."),
        };
        Err(Refusal::Rejected(format!("requirement failed: {requirement}")))
    }
}

/// `POST /sessions/{id}/submit-job` and `/run-job`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SubmitJob {
    /// A pickled callable, as base64.
    pub(crate) job: String,
    job_type: Option<String>,
}

impl SubmitJob {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        const CLASS: &str = "org.apache.livy.client.common.HttpMessages$SerializedJob";
        let request: Self = parse(body, CLASS, &["job", "jobType"])?;
        if request.job.is_empty() {
            return Err(Refusal::NoJob);
        }
        match STANDARD.decode(&request.job) {
            Ok(_) => Ok(request),
            Err(error) => Err(Refusal::Malformed(format!(
                "Cannot deserialize value of type `byte[]` from String: {error} (through reference chain: {CLASS}[\"job\"])"
            ))),
        }
    }

    /// Of the others, Livy runs Java's.
    pub(crate) fn runs(&self) -> bool {
        self.job_type.as_deref() == Some("pyspark")
    }
}

impl CreateSession {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        const CLASS: &str = "org.apache.livy.server.interactive.CreateInteractiveRequest";
        const FIELDS: &[&str] = &[
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
        ];
        let request: Self = parse(body, CLASS, FIELDS)?;
        if let Some(Err(error)) = request.kind.as_deref().map(Kind::from_str) {
            return Err(Refusal::Malformed(format!(
                "{error} (through reference chain: {CLASS}[\"kind\"])"
            )));
        }
        for time in request.ttl.iter().chain(&request.idle_timeout) {
            parse_time(time).map_err(|error| Refusal::Rejected(error.to_string()))?;
        }
        Ok(request)
    }

    /// Left out, each statement must say its own.
    pub(crate) fn kind(&self) -> Kind {
        self.kind.as_deref().and_then(|kind| kind.parse().ok()).unwrap_or(Kind::Shared)
    }
}

impl ExecuteStatement {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        parse(body, "org.apache.livy.server.interactive.ExecuteRequest", &["code", "kind"])
    }

    /// The code and its language, in a session of `default` kind.
    pub(crate) fn resolve(self, default: Kind) -> Result<(String, Kind), Refusal> {
        let code = self.code.ok_or_else(|| remote(NO_CODE))?;
        let kind = match (self.kind, default) {
            (Some(kind), _) => kind.parse().map_err(invalid_kind)?,
            (None, Kind::Shared) => {
                let reason = "java.lang.IllegalArgumentException: Code type should be specified if session kind is shared";
                return Err(remote(reason));
            }
            (None, default) => default,
        };
        Ok((code, kind))
    }
}

impl Complete {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        parse(
            body,
            "org.apache.livy.server.interactive.CompletionRequest",
            &["code", "kind", "cursor"],
        )
    }

    /// The code, the cursor in it and its language.
    pub(crate) fn resolve(self) -> Result<(String, i64, Kind), Refusal> {
        let kind = self.kind.as_deref().unwrap_or("null").parse().map_err(invalid_kind)?;
        let cursor = match self.cursor {
            Cursor::Number(cursor) => cursor,
            Cursor::Text(text) => text.trim().parse().map_err(|_| Refusal::NotANumber(text))?,
        };
        Ok((self.code, cursor, kind))
    }
}

/// Unknown fields matter to Livy.
fn parse<T: DeserializeOwned>(body: &[u8], class: &str, fields: &[&str]) -> Result<T, Refusal> {
    let value: Value =
        serde_json::from_slice(body).map_err(|error| Refusal::Malformed(error.to_string()))?;
    let Value::Object(object) = &value else {
        return Err(Refusal::Malformed(format!(
            "Cannot deserialize value of type `{class}`: not an object"
        )));
    };
    if let Some(field) = object.keys().find(|field| !fields.contains(&field.as_str())) {
        let known = fields.iter().map(|field| format!("{field:?}")).collect::<Vec<_>>().join(", ");
        return Err(Refusal::Malformed(format!(
            "Unrecognized field {field:?} (class {class}), not marked as ignorable ({} known properties: {known}])",
            fields.len(),
        )));
    }
    serde_json::from_value(value).map_err(|error| Refusal::Failed(no_cast(&error.to_string())))
}

fn no_cast(error: &str) -> String {
    const TEXT_AS_NUMBER: &str = "class java.lang.String cannot be cast to class java.lang.Integer (java.lang.String \
        and java.lang.Integer are in module java.base of loader 'bootstrap')";
    let said = if error.starts_with("invalid type: string") { TEXT_AS_NUMBER } else { error };
    format!("java.lang.ClassCastException: {said}")
}

fn invalid_kind(error: InvalidKind) -> Refusal {
    remote(&format!("java.lang.IllegalArgumentException: {error}"))
}

/// What Livy's server says when the session's own process refused. (It adds that process's stack.)
pub(crate) fn remote(reason: &str) -> Refusal {
    Refusal::Failed(format!(
        "java.util.concurrent.ExecutionException: org.apache.livy.rsc.rpc.RpcException: {reason}"
    ))
}
