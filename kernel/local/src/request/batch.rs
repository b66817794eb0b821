//! The body of [`POST /batches`](https://livy.apache.org/docs/latest/rest-api.html#post-batches).

use serde::Deserialize;

use crate::{
    refusal::Refusal,
    request::{application::ApplicationOptions, parse::Class},
};

const CLASS: Class = Class {
    name: "org.apache.livy.server.batch.CreateBatchRequest",
    fields: &[
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
    ],
};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CreateBatch {
    file: Option<String>,
    pub(crate) class_name: Option<String>,
    pub(crate) args: Option<Vec<String>>,
    #[serde(flatten)]
    pub(crate) application: ApplicationOptions,
}

impl CreateBatch {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        CLASS.parse(body)
    }

    /// Returns the application's path or URI, which must be absolute.
    pub(crate) fn file(&self) -> Result<&str, Refusal> {
        let requirement = match self.file.as_deref().unwrap_or_default() {
            "" => "File is required.".to_owned(),
            file if file.starts_with('/') || file.contains(":/") => return Ok(file),
            file => format!("Path '{file}' is not absolute."),
        };
        Err(Refusal::Rejected(format!("requirement failed: {requirement}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::parse::assert_reads_all_fields;

    #[test]
    fn all_fields_of_livys_are_read() {
        assert_reads_all_fields::<CreateBatch>(&CLASS);
    }
}
