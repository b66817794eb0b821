//! Hides secrets in the Spark properties of a session, which a server repeats in its answers.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::{language::cell_source, settings::lenient_json};

/// Parts of the names of properties whose values are secrets.
const SECRET_NAMES: [&str; 7] =
    ["password", "passwd", "passphrase", "secret", "token", "key", "credential"];
/// Takes a secret's place, as on Spark's own pages.
pub const REDACTED: &str = "*********(redacted)";

/// Hides the secrets in every `conf` of the value, at any depth: some servers repeat the whole
/// request in their answer.
pub fn redacted(mut value: Value) -> Value {
    redact(&mut value);
    value
}

fn redact(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Object(object) => object.iter_mut().for_each(|(name, value)| match value {
            Value::Object(conf) if name == "conf" => redact_properties(conf),
            value => redact(value),
        }),
        _ => {}
    }
}

fn redact_properties(conf: &mut Map<String, Value>) {
    for (name, value) in conf {
        if is_secret(name) || value.as_str().is_some_and(holds_a_secret) {
            *value = REDACTED.into();
        }
    }
}

/// Whether the name says that its value is a secret.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|secret| name.contains(secret))
}

/// Hides the secrets in the JSON of a `%%configure` or `%%batch` cell, so that the cell may be written
/// to a file. JSON that cannot be read is left out if it may hold a secret.
pub fn cell_without_secrets(cell: &str) -> Cow<'_, str> {
    let head =
        cell_source::skip_to_magic(cell).split(|c: char| c.is_whitespace() || c == '{').next();
    let head = head.unwrap_or_default().to_ascii_lowercase();
    let is_ours = matches!(head.trim_start_matches('%'), "configure" | "batch");
    let Some(at) = cell.find('{').filter(|_| is_ours) else { return Cow::Borrowed(cell) };
    let (head, json) = cell.split_at(at);
    let strict = lenient_json::strict(json);
    // A property may stand in a comment.
    let hides = strict != json && (is_secret(json) || holds_a_secret(json));
    match serde_json::from_str::<Value>(&strict) {
        Ok(value) => match redacted(value.clone()) {
            same if same == value && !hides => Cow::Borrowed(cell),
            other => Cow::Owned(format!("{head}{other:#}")),
        },
        Err(_) if is_secret(json) || holds_a_secret(json) => Cow::Owned(format!("{head}{{…}}")),
        Err(_) => Cow::Borrowed(cell),
    }
}

/// Whether a value holds `-Dstore.password=…` or the like, as among a driver's Java options, or a
/// password in an address.
fn holds_a_secret(value: &str) -> bool {
    let mut names = value.split([' ', ',', ';', '&', '?']).filter_map(|word| word.split_once('='));
    names.any(|(name, _)| is_secret(name)) || has_a_password(value)
}

/// Whether the address is like `scheme://user:password@host`.
fn has_a_password(address: &str) -> bool {
    let host = address.split_once("://").and_then(|(_, rest)| rest.split('/').next());
    let user = host.and_then(|host| host.rsplit_once('@'));
    user.is_some_and(|(user, _)| user.contains(':'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(name: &str, value: &str, hidden: bool) {
        let shown = redacted(json!({"conf": {name: value}}));
        assert_eq!(shown["conf"][name] == REDACTED, hidden, "{name}={value}");
    }

    #[test]
    fn a_property_whose_name_or_value_names_a_secret_is_hidden() {
        check("spark.ssl.keyStorePassword", "x", true);
        check("SPARK.HADOOP.FS.S3A.ACCESS.KEY", "x", true);
        check("spark.hadoop.fs.s3a.session.Token", "x", true);
        check("spark.hadoop.azure.Credential", "x", true);
        check("spark.driver.extraJavaOptions", "-Xmx1g -Dstore.password=x", true);
        check("spark.jdbc.url", "jdbc:db://me:x@host/db", true);
        check("spark.jdbc.url", "jdbc:db://host/db?user=me&password=x", true);
        check("spark.executor.memory", "2g", false);
        check("spark.driver.extraJavaOptions", "-Da=b", false);
        check("spark.jars", "s3://bucket/a@1.jar", false);
        check("spark.jars", "abfss://container@account.example/a.jar", false);
    }

    #[test]
    fn a_cell_is_written_down_without_secrets() {
        let cell = "%%configure -f\n{\"conf\": {\"my.secret\": \"hidden\", \"a\": \"kept\"}}";
        let written = cell_without_secrets(cell);
        assert!(written.starts_with("%%configure -f\n{") && written.contains("kept"), "{written}");
        for cell in [
            cell,
            "# why\n%%CONFIGURE {\"conf\": {\"my.secret\": \"hidden\"}}",
            "%%configure{\"conf\": {\"my.secret\": \"hidden\"}}",
            "%%configure {\"conf\": {\"my.secret\": \"hidden\",}}",
            "%%batch {\"file\": \"a\", \"conf\": {\"my.secret\": \"hidden\"}}",
        ] {
            assert!(!cell_without_secrets(cell).contains("hidden"), "{cell}");
        }
        for cell in
            ["token = {1}", "%%configure\n{\"conf\": {\"a\": \"b\"}}", "%%configure {,}", ""]
        {
            assert_eq!(cell_without_secrets(cell), cell);
        }
    }

    #[test]
    fn secrets_are_found_at_any_depth_and_only_in_properties() {
        let conf = json!({"conf": {"my.secret": "x", "n": 1}});
        let value = json!([{"id": 1, "name": "token", "key": "kept", "request": conf}]);
        let shown = redacted(value);
        assert_eq!(shown[0]["request"]["conf"], json!({"my.secret": REDACTED, "n": 1}));
        assert_eq!((&shown[0]["name"], &shown[0]["key"]), (&json!("token"), &json!("kept")));
    }
}
