//! The outcome of a statement, as the interpreter wrote it.

use serde::Serialize;
use serde_json::{
    json,
    value::{RawValue, to_raw_value},
};

/// [Livy's output object](https://livy.apache.org/docs/latest/rest-api.html#statement-output) of a statement. It is
/// kept as the text that the interpreter sent, which may be many megabytes.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Output(Box<RawValue>);

impl Output {
    /// Makes the output of a statement that succeeded; `data` holds its value by media type.
    pub fn ok(statement: u64, data: &serde_json::Value) -> Self {
        Self::from(json!({"status": "ok", "execution_count": statement, "data": data}))
    }

    /// Makes the output of a statement that failed.
    pub fn error(statement: u64, ename: &str, evalue: &str, traceback: &[&str]) -> Self {
        Self::from(json!({
            "status": "error",
            "execution_count": statement,
            "ename": ename,
            "evalue": evalue,
            "traceback": traceback,
        }))
    }
}

impl From<Box<RawValue>> for Output {
    fn from(text: Box<RawValue>) -> Self {
        Self(text)
    }
}

impl From<serde_json::Value> for Output {
    fn from(value: serde_json::Value) -> Self {
        // Only a map whose keys are not strings cannot be written, and a `Value` has none.
        Self(to_raw_value(&value).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }
}
