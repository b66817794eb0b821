//! What the archive says of the settings: where each comes from, and only values that cannot be secrets. Pure.

use std::sync::LazyLock;

use livy_client::Endpoint;
use regex::Regex;
use serde_json::{Map, Value, json};

use crate::{
    output::redact::is_secret,
    settings::{
        Settings, addresses,
        keys::{KEYS, Key},
    },
};

/// Numbers, sizes, times and switches.
static HARMLESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new("^(?i-u:true|false|yes|no|-?[0-9]{1,12}(?:[.][0-9]{1,6})? ?(?:%|[a-z]{1,2})?)$").ok()
});
/// What settings that are a choice may be.
const CHOICES: [&str; 21] = [
    "livy",
    "knox",
    "hdinsight",
    "emr",
    "emr-serverless",
    "synapse",
    "fabric",
    "lighter",
    "kerberos",
    "netrc",
    "azure-cli",
    "sigv4",
    "lazy",
    "eager",
    "auto",
    "always",
    "never",
    "line",
    "clear",
    "restart",
    "ask",
];
const HIDDEN: &str = "(set)";

/// Describes the settings.
pub fn summary(settings: &Settings, environment: &[(String, String)]) -> Value {
    let file = settings.file.as_ref();
    let faults = file.iter().flat_map(|file| &file.faults);
    let variables = environment.iter().map(|(name, _)| name.as_str()).filter(|name| matters(name));
    json!({
        "file": settings.path,
        "is_there": file.is_some(),
        "profiles": file.map(|file| &file.profiles),
        "profile": file.and_then(|file| file.profile.as_ref()),
        "faults": faults.map(|fault| format!("line {}: {}", fault.line, fault.what)).collect::<Vec<_>>(),
        "is_sparkmagics": settings.sparkmagic.is_some(),
        "values": values(settings),
        "session": shape(&Value::Object(settings.session()), false),
        "variables": variables.collect::<Vec<_>>(),
    })
}

fn values(settings: &Settings) -> Map<String, Value> {
    let wrong: Vec<_> = settings.faults().iter().map(|fault| fault.variable).collect();
    let value = |key: &Key| {
        let value = settings.get(key.variable)?;
        let from = settings.origin(key.variable)?.to_string();
        let is_right = !wrong.contains(&key.variable);
        let shown = match key.name {
            "url" => addresses(&value).map(address).collect::<Vec<_>>().join(", "),
            _ if !key.is_secret && is_harmless(&value) => value,
            _ => HIDDEN.to_owned(),
        };
        Some((key.name.to_owned(), json!({"value": shown, "from": from, "is_right": is_right})))
    };
    KEYS.iter().filter_map(value).collect()
}

/// The host and the path: not the login, and nothing behind the path.
fn address(url: &str) -> String {
    let parsed = Endpoint::parse(url).map(|endpoint| endpoint.to_string());
    let address = parsed.unwrap_or_else(|_| "(not an address)".to_owned());
    address.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// The names of properties, and values that are harmless.
fn shape(value: &Value, is_named: bool) -> Value {
    match value {
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                (name.clone(), shape(value, is_named || is_secret(name)))
            };
            fields.iter().map(field).collect()
        }
        Value::Array(items) => json!(format!("({} of them)", items.len())),
        Value::String(text) if is_named || !is_harmless(text) => HIDDEN.into(),
        Value::Number(_) if is_named => HIDDEN.into(),
        other => other.clone(),
    }
}

fn is_harmless(value: &str) -> bool {
    CHOICES.contains(&value) || HARMLESS.as_ref().is_some_and(|harmless| harmless.is_match(value))
}

/// Whether a variable of this name says something about how the kernel, Jupyter or Spark is set up.
fn matters(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let starts =
        ["LIVY_", "JUPYTER", "SPARK", "PYSPARK", "VIRTUAL_ENV", "CONDA_PREFIX", "KRB5", "SSL_CERT"];
    starts.iter().any(|start| name.starts_with(start)) || name.ends_with("_PROXY")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sizes_and_switches_are_shown_and_texts_are_not() {
        for harmless in ["eager", "8", "2g", "1.5", "90 s", "true", "NO", "-1", "80%"] {
            assert!(is_harmless(harmless), "{harmless}");
        }
        for text in ["", "hunter2", "2gigabytes", "8 days ago", "a", "12345678901234567890"] {
            assert!(!is_harmless(text), "{text}");
        }
        let session = json!({"numExecutors": 2, "queue": "etl", "jars": ["a"], "conf": {"my.token": "1", "n": "2m"}});
        let shown = json!({
            "numExecutors": 2, "queue": HIDDEN, "jars": "(1 of them)", "conf": {"my.token": HIDDEN, "n": "2m"},
        });
        assert_eq!(shape(&session, false), shown);
    }

    #[test]
    fn an_address_keeps_its_host_and_path() {
        assert_eq!(
            address("https://me:pw@gate.example:8443/livy/v1?a=b"),
            "https://gate.example:8443/livy/v1"
        );
        assert_eq!(address("me:pw@gate"), "(not an address)");
    }
}
