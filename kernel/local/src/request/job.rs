//! The body of `POST /sessions/{id}/submit-job` and `/run-job`, which Livy's REST API document does not mention.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;

use crate::{refusal::Refusal, request::parse::Class};

const CLASS: Class = Class {
    name: "org.apache.livy.client.common.HttpMessages$SerializedJob",
    fields: &["job", "jobType"],
};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SubmitJob {
    /// A pickled callable, as base64.
    pub(crate) job: String,
    job_type: Option<String>,
}

impl SubmitJob {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let request: Self = CLASS.parse(body)?;
        if request.job.is_empty() {
            return Err(Refusal::NoJob);
        }
        match STANDARD.decode(&request.job) {
            Ok(_) => Ok(request),
            Err(error) => {
                let reason =
                    format!("Cannot deserialize value of type `byte[]` from String: {error}");
                Err(CLASS.invalid_field("job", reason))
            }
        }
    }

    /// Whether this server can run the job. A real Livy runs Java's jobs too.
    pub(crate) fn is_python(&self) -> bool {
        self.job_type.as_deref() == Some("pyspark")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::parse::assert_reads_all_fields;

    #[test]
    fn all_fields_of_livys_are_read() {
        assert_reads_all_fields::<SubmitJob>(&CLASS);
    }
}
