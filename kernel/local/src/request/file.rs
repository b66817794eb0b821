//! The body of `POST /sessions/{id}/add-file`, which Livy's REST API document does not mention.

use serde::Deserialize;

use crate::{refusal::Refusal, request::parse::Class};

const CLASS: Class =
    Class { name: "org.apache.livy.client.common.HttpMessages$AddResource", fields: &["uri"] };

const NO_URI: &str = r#"java.lang.NullPointerException: Cannot invoke "String.length()" because "this.input" is null"#;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AddFile {
    uri: Option<String>,
}

impl AddFile {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        CLASS.parse(body)
    }

    /// Returns the address, unless it is one of a file on the server's machine, as one without a scheme is: Livy
    /// refuses those that its administrator has not allowed.
    pub(crate) fn resolve(self) -> Result<String, Refusal> {
        let uri = self.uri.ok_or_else(|| Refusal::Failed(NO_URI.to_owned()))?;
        match uri.split_once(':') {
            Some((scheme, _)) if scheme != "file" => Ok(uri),
            Some((_, path)) => Err(Refusal::LocalFile(path.to_owned())),
            None => Err(Refusal::LocalFile(uri)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::parse::assert_reads_all_fields;

    #[test]
    fn all_fields_of_livys_are_read() {
        assert_reads_all_fields::<AddFile>(&CLASS);
    }

    #[test]
    fn files_of_the_servers_machine_are_refused() {
        let resolve = |uri: &str| AddFile { uri: Some(uri.to_owned()) }.resolve();
        assert_eq!(resolve("hdfs:/data/a.txt"), Ok("hdfs:/data/a.txt".to_owned()));
        assert_eq!(resolve("local:/wait"), Ok("local:/wait".to_owned()));
        for uri in ["file:/etc/passwd", "/etc/passwd"] {
            assert_eq!(resolve(uri), Err(Refusal::LocalFile("/etc/passwd".to_owned())));
        }
    }
}
