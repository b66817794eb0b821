//! Writes string literals of Python.

use serde_json::Value;

/// A literal of Python (and of Scala) whose value is the text. JSON's notation is valid in both:
/// serde_json does not split characters into surrogates, and code is sent as UTF-8.
pub fn literal(text: &str) -> String {
    Value::from(text).to_string()
}
