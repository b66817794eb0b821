//! Secrets in what a server tells of a session: the Spark properties that it was started with.

use serde_json::{Map, Value};

/// What a property's name says when its value is a secret.
const SECRETS: [&str; 7] =
    ["password", "passwd", "passphrase", "secret", "token", "key", "credential"];
/// Stands for a value, as in Spark's own pages.
const REDACTED: &str = "*********(redacted)";

/// The same without the secrets in any `conf`: some servers repeat the whole request in their
/// answer, so it is not only at the top.
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

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRETS.iter().any(|secret| name.contains(secret))
}

/// Such as `-Dstore.password=…` among a driver's Java options, or a password in an address.
fn holds_a_secret(value: &str) -> bool {
    let mut names = value.split([' ', ',', ';', '&', '?']).filter_map(|word| word.split_once('='));
    names.any(|(name, _)| is_secret(name)) || has_a_password(value)
}

/// As in `scheme://user:password@host`.
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
    fn secrets_are_found_at_any_depth_and_only_in_properties() {
        let conf = json!({"conf": {"my.secret": "x", "n": 1}});
        let value = json!([{"id": 1, "name": "token", "key": "kept", "request": conf}]);
        let shown = redacted(value);
        assert_eq!(shown[0]["request"]["conf"], json!({"my.secret": REDACTED, "n": 1}));
        assert_eq!((&shown[0]["name"], &shown[0]["key"]), (&json!("token"), &json!("kept")));
    }
}
