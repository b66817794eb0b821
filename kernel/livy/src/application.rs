use std::collections::BTreeMap;

use serde::Serialize;

/// The Spark application that a new session or batch is; what is `None` or empty is left to the
/// server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    /// Whom to run as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_user: Option<String>,
    /// Jars to use.
    #[serde(skip_serializing_if = "is_empty")]
    pub jars: Vec<String>,
    /// Python files to use.
    #[serde(skip_serializing_if = "is_empty")]
    pub py_files: Vec<String>,
    /// Files to use.
    #[serde(skip_serializing_if = "is_empty")]
    pub files: Vec<String>,
    /// Memory of the driver, such as `2g`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver_memory: Option<String>,
    /// Cores of the driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver_cores: Option<u32>,
    /// Memory of each executor, such as `2g`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executor_memory: Option<String>,
    /// Cores of each executor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executor_cores: Option<u32>,
    /// How many executors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_executors: Option<u32>,
    /// Archives to use.
    #[serde(skip_serializing_if = "is_empty")]
    pub archives: Vec<String>,
    /// The YARN queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// A name that stands wherever the id does; unique on a server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Spark configuration properties.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub conf: BTreeMap<String, String>,
}

fn is_empty(list: &[String]) -> bool {
    list.is_empty()
}
