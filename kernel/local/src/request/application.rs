//! What a session and a batch can both ask of their Spark application.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The fields of `POST /sessions` and `POST /batches` that describe the Spark application.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ApplicationOptions {
    /// Accepted and ignored, like the parameter `doAs`: this server runs everything as its one user.
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
