//! Reads sparkmagic's `config.json`
//! (<https://github.com/jupyter-incubator/sparkmagic#configuration>), for users who come from there. Pure.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use crate::{
    kind::Kind,
    settings::session_properties::{self, merge},
};

/// The contents of sparkmagic's file, as settings of this program.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sparkmagic {
    /// Values by the variables that override them, each with the key that it comes from.
    pub values: BTreeMap<&'static str, (String, String)>,
    /// The properties of sessions, as Livy's JSON has them.
    pub session: Map<String, Value>,
    /// The keys that are used.
    pub used: Vec<String>,
    /// The keys that are not used, and why.
    pub unused: Vec<(String, &'static str)>,
}

/// Keys that this program does not use, and why.
const NOT_USED: &[(&str, &str)] = &[
    ("authenticators", "they are Python classes; use auth, token or token_command"),
    ("wait_for_idle_timeout_seconds", "cells wait in the session's queue"),
    (
        "livy_session_startup_timeout_seconds",
        "a cell shows how the start goes, and can be interrupted",
    ),
    ("heartbeat_refresh_seconds", "the kernel asks often enough"),
    ("heartbeat_retry_seconds", "the kernel asks often enough"),
    ("retry_policy", "requests are always tried again: see patience"),
    ("retry_seconds_to_sleep_list", "requests are always tried again: see patience"),
    ("configurable_retry_policy_max_retries", "requests are always tried again: see patience"),
    ("default_maxrows", "%%sql shows 1,000 rows, and others by -n"),
    ("default_samplemethod", "%%sql has -m"),
    ("default_samplefraction", "%%sql has -r"),
    ("coerce_dataframe", "types are always Spark's"),
    ("use_auto_viz", "rows are tables, and charts by --chart"),
    ("max_results_sql", "%%sql has -n"),
    ("pyspark_dataframe_encoding", "text is always Unicode"),
    ("http_session_config", "it has Python classes; see the keys of [tls]"),
    ("all_errors_are_fatal", "an error always is one"),
    ("shutdown_session_on_spark_statement_errors", "a session outlives its cells' errors"),
    ("cleanup_all_sessions_on_exit", "a kernel ends the session that it has started, and no other"),
    ("fatal_error_suggestion", "messages say what to do"),
    ("resource_limit_mitigation_suggestion", "messages say what to do"),
    ("logging_config", "LIVY_KERNEL_LOG says what is logged"),
    ("events_handler_class", "there is no telemetry"),
    ("server_extension_default_kernel_name", "there is no server extension"),
];

impl Sparkmagic {
    /// Reads the file for a kernel of this language.
    ///
    /// # Errors
    ///
    /// The text is not a JSON object.
    pub fn read(text: &str, kernel: Kind) -> Result<Self, serde_json::Error> {
        let config: Map<String, Value> = serde_json::from_str(text)?;
        let mut this = Self::default();
        let credentials = match kernel {
            Kind::Pyspark | Kind::Sql => {
                ["kernel_python_credentials", "kernel_python3_credentials"]
            }
            Kind::Spark => ["kernel_scala_credentials"; 2],
            Kind::Sparkr => ["kernel_r_credentials"; 2],
        };
        for (name, value) in &config {
            match name.as_str() {
                name if credentials.contains(&name) => this.credentials(name, value),
                name if name.starts_with("kernel_") => {}
                _ => this.key(name, value),
            }
        }
        // Defaults come first, so that the properties of these sessions override them.
        for name in ["session_configs_defaults", "session_configs"] {
            if let Some(Value::Object(session)) = config.get(name) {
                this.properties(name, session);
            }
        }
        Ok(this)
    }

    fn set(&mut self, key: &str, variable: &'static str, value: String) {
        self.values.insert(variable, (value, key.to_owned()));
        self.used.push(key.to_owned());
    }

    fn properties(&mut self, name: &str, session: &Map<String, Value>) {
        for (property, value) in session {
            let why = match property.as_str() {
                "name" => "notebooks would share a session of this name: see session.name",
                _ if session_properties::check(property, value).is_err() => {
                    "Livy's POST /sessions takes no such property"
                }
                _ => {
                    merge(self.session.entry(property).or_insert(Value::Null), value.clone());
                    continue;
                }
            };
            self.unused.push((format!("{name}.{property}"), why));
        }
        self.used.push(name.to_owned());
    }

    fn key(&mut self, name: &str, value: &Value) {
        match (name, value) {
            ("session_configs" | "session_configs_defaults", _) => {}
            ("ignore_ssl_errors", Value::Bool(true)) => {
                self.set(name, "LIVY_TLS_VERIFY", "no".to_owned());
            }
            ("kerberos_auth_configuration", Value::Object(options)) => {
                let mutual = options.get("mutual_authentication").and_then(Value::as_str);
                let value = if mutual == Some("DISABLED") { "no" } else { "yes" };
                self.set(name, "LIVY_KERBEROS_MUTUAL", value.to_owned());
            }
            ("livy_server_heartbeat_timeout_seconds", Value::Number(seconds)) => {
                self.set(name, "LIVY_HEARTBEAT_TIMEOUT", format!("{seconds}s"));
            }
            ("custom_headers", Value::Object(headers)) if !headers.is_empty() => {
                self.set(name, "LIVY_HEADERS", header_lines(headers));
            }
            ("ignore_ssl_errors" | "custom_headers", _) => self.used.push(name.to_owned()),
            _ => {
                let known = NOT_USED.iter().find(|(known, _)| *known == name);
                let why = known.map_or("sparkmagic has no such key", |(_, why)| why);
                self.unused.push((name.to_owned(), why));
            }
        }
    }

    fn credentials(&mut self, name: &str, value: &Value) {
        let text = |key: &str| value[key].as_str().unwrap_or_default();
        let user = text("username");
        let password = match text("base64_password") {
            "" => text("password").to_owned(),
            encoded => BASE64_STANDARD
                .decode(encoded)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .unwrap_or_default(),
        };
        let url = text("url");
        let asks = matches!(text("auth"), "" | "Basic_Access") && !user.is_empty();
        if text("auth") == "Kerberos" {
            self.set(&format!("{name}.auth"), "LIVY_AUTH", "kerberos".to_owned());
        }
        if !url.is_empty() {
            let url = if asks { with_login(url, user, &password) } else { url.to_owned() };
            self.set(name, "LIVY_URL", url);
        }
    }
}

/// Writes headers as `LIVY_HEADERS` has them.
fn header_lines(headers: &Map<String, Value>) -> String {
    let line = |(name, value): (&String, &Value)| {
        format!("{name}: {}", value.as_str().unwrap_or_default())
    };
    headers.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn with_login(url: &str, user: &str, password: &str) -> String {
    let encoded = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    match url.split_once("://") {
        Some((scheme, rest)) => {
            format!("{scheme}://{}:{}@{rest}", encoded(user), encoded(password))
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config() -> String {
        json!({
            "kernel_python_credentials": {"username": "ada", "base64_password": "cEBzcw==",
                "url": "https://livy.example/livy", "auth": "Basic_Access"},
            "kernel_scala_credentials": {"username": "", "password": "", "url": "http://b:8998", "auth": "None"},
            "session_configs": {"driverMemory": "2g", "name": "x", "driverMemroy": "3g", "conf": {"spark.b": 3}},
            "session_configs_defaults": {"conf": {"spark.a": 1, "spark.b": 2}},
            "custom_headers": {"X-Team": "etl"},
            "ignore_ssl_errors": true,
            "livy_server_heartbeat_timeout_seconds": 60,
            "use_auto_viz": true,
            "colour": "red",
        })
        .to_string()
    }

    #[test]
    fn what_has_a_meaning_is_used_for_the_kernels_language() {
        let python = Sparkmagic::read(&config(), Kind::Sql).unwrap();
        let value = |variable: &str| python.values[variable].0.as_str();
        assert_eq!(value("LIVY_URL"), "https://ada:p%40ss@livy.example/livy");
        assert_eq!((value("LIVY_HEADERS"), value("LIVY_TLS_VERIFY")), ("X-Team: etl", "no"));
        assert_eq!(value("LIVY_HEARTBEAT_TIMEOUT"), "60s");
        assert_eq!(
            Value::Object(python.session),
            json!({"driverMemory": "2g", "conf": {"spark.a": 1, "spark.b": 3}})
        );
        let scala = Sparkmagic::read(&config(), Kind::Spark).unwrap();
        assert_eq!(scala.values["LIVY_URL"].0, "http://b:8998");
    }

    #[test]
    fn what_has_none_is_told_with_why() {
        let read = Sparkmagic::read(&config(), Kind::Pyspark).unwrap();
        let unused: Vec<&str> = read.unused.iter().map(|(name, _)| name.as_str()).collect();
        let all =
            ["colour", "use_auto_viz", "session_configs.driverMemroy", "session_configs.name"];
        assert_eq!(unused, all);
        assert!(read.used.iter().any(|name| name == "session_configs"));
        assert!(Sparkmagic::read("[]", Kind::Pyspark).is_err());
    }
}
