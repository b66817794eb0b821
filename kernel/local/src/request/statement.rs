//! The bodies of [`POST /sessions/{id}/statements`](https://livy.apache.org/docs/latest/rest-api.html#post-sessionssessionidstatements)
//! and [`POST /sessions/{id}/completion`](https://livy.apache.org/docs/latest/rest-api.html#post-sessionssessionidcompletion).

use serde::Deserialize;

use crate::{
    kind::{InvalidKind, Kind},
    refusal::Refusal,
    request::parse::Class,
};

const EXECUTE: Class =
    Class { name: "org.apache.livy.server.interactive.ExecuteRequest", fields: &["code", "kind"] };

const COMPLETE: Class = Class {
    name: "org.apache.livy.server.interactive.CompletionRequest",
    fields: &["code", "kind", "cursor"],
};

const NO_CODE: &str =
    r#"java.lang.NullPointerException: Cannot invoke "String.toCharArray()" because "s" is null"#;
const NO_KIND: &str =
    "java.lang.IllegalArgumentException: Code type should be specified if session kind is shared";

#[derive(Debug, Deserialize)]
pub(crate) struct ExecuteStatement {
    code: Option<String>,
    kind: Option<String>,
}

impl ExecuteStatement {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        EXECUTE.parse(body)
    }

    /// Returns the code and its language, in a session of kind `session_kind`.
    pub(crate) fn resolve(self, session_kind: Kind) -> Result<(String, Kind), Refusal> {
        let code = self.code.ok_or_else(|| Refusal::remote(NO_CODE))?;
        let kind = match (self.kind, session_kind) {
            (Some(kind), _) => kind.parse().map_err(invalid_kind)?,
            (None, Kind::Shared) => return Err(Refusal::remote(NO_KIND)),
            (None, session_kind) => session_kind,
        };
        Ok((code, kind))
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Complete {
    #[serde(default)]
    code: String,
    #[serde(default)]
    cursor: Cursor,
    kind: Option<String>,
}

/// A number, which Livy also accepts as a string.
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

impl Complete {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        COMPLETE.parse(body)
    }

    /// Returns the code, the cursor in Java's characters (UTF-16), and the language.
    pub(crate) fn resolve(self) -> Result<(String, i64, Kind), Refusal> {
        let kind = self.kind.as_deref().unwrap_or("null").parse().map_err(invalid_kind)?;
        let cursor = match self.cursor {
            Cursor::Number(cursor) => cursor,
            Cursor::Text(text) => text.trim().parse().map_err(|_| Refusal::NotANumber(text))?,
        };
        Ok((self.code, cursor, kind))
    }
}

fn invalid_kind(error: InvalidKind) -> Refusal {
    Refusal::remote(&format!("java.lang.IllegalArgumentException: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::parse::assert_reads_all_fields;

    #[test]
    fn all_fields_of_livys_are_read() {
        assert_reads_all_fields::<ExecuteStatement>(&EXECUTE);
        assert_reads_all_fields::<Complete>(&COMPLETE);
    }
}
