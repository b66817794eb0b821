//! Keys of `%%configure` that services have beside Livy's own: each becomes a property, or is left out
//! and explained. Pure.

use serde_json::{Map, Value, json};

/// Keys of a service that `POST /sessions` does not take, and what is so here instead.
const LEFT_OUT: [(&[&str], &str); 5] = [
    (
        &["defaultLakehouse", "defaultWarehouse"],
        "the lakehouse of a session is in the server's address (LIVY_URL: …/workspaces/ID/lakehouses/ID/…)",
    ),
    (&["mountPoints"], "a cell mounts storage: notebookutils.fs.mount(\"abfss://…\", \"/data\")"),
    (
        &["useStarterPool", "useWorkspacePool"],
        "the environment of the session chooses its pool: {\"environment\": {\"id\": \"…\"}}",
    ),
    (
        &["sessionTimeoutInSeconds", "sessionTimeoutInMinutes"],
        "Livy's word for it is idleTimeout: {\"idleTimeout\": \"1h\"}",
    ),
    (
        &[
            "session_type",
            "glue_version",
            "worker_type",
            "number_of_workers",
            "idle_timeout",
            "security_config",
            "connections",
            "tags",
        ],
        "it belongs to AWS Glue's sessions, which are none of Livy's: executors are set with numExecutors, \
         executorCores and executorMemory",
    ),
];

/// Takes the keys of services out of the properties, and says what became of each.
pub fn replace(properties: &mut Map<String, Value>) -> Vec<String> {
    let mut notes = Vec::new();
    for (name, value) in properties.iter_mut() {
        if let Some(default) = default_of(value) {
            notes.push(format!(
                "{name}: the default is taken, because no pipeline runs this notebook"
            ));
            *value = default;
        }
    }
    notes.extend(environment(properties));
    for (names, instead) in LEFT_OUT {
        let found = names.iter().filter(|name| properties.remove(**name).is_some());
        notes.extend(found.map(|name| format!("{name} is left out: {instead}")));
    }
    notes
}

/// Fabric's pipelines replace `{"parameterName": …, "defaultValue": …}` by their own value.
fn default_of(value: &Value) -> Option<Value> {
    value.get("parameterName").and(value.get("defaultValue")).cloned()
}

/// Fabric's Livy takes the environment as a property of Spark's configuration.
fn environment(properties: &mut Map<String, Value>) -> Option<String> {
    let environment = properties.remove("environment")?;
    let Some(id) = environment.get("id").and_then(Value::as_str) else {
        return Some(
            "environment is left out: Livy needs its id: {\"environment\": {\"id\": \"…\"}}".into(),
        );
    };
    let details = json!({"id": id}).to_string();
    let conf = properties.entry("conf").or_insert_with(|| json!({}));
    conf.as_object_mut()?.insert("spark.fabric.environmentDetails".to_owned(), details.into());
    Some("environment is passed on as conf spark.fabric.environmentDetails".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(properties: Value) -> (Value, String) {
        let Value::Object(mut properties) = properties else { panic!("no object") };
        let notes = replace(&mut properties).join("\n");
        (properties.into(), notes)
    }

    #[test]
    fn livys_own_keys_stay_as_they_are() {
        let own = json!({"driverMemory": "2g", "conf": {"spark.a": 1}, "driverMemroy": 1});
        assert_eq!(replaced(own.clone()), (own, String::new()));
    }

    #[test]
    fn fabrics_environment_is_passed_on_by_its_id() {
        let (read, notes) =
            replaced(json!({"environment": {"id": "e-1", "name": "x"}, "conf": {"a": 1}}));
        assert_eq!(
            read,
            json!({"conf": {"a": 1, "spark.fabric.environmentDetails": "{\"id\":\"e-1\"}"}})
        );
        assert!(notes.contains("passed on"), "{notes}");
        let (read, notes) = replaced(json!({"environment": {"name": "x"}}));
        assert!(read == json!({}) && notes.contains("needs its id"), "{read} {notes}");
    }

    #[test]
    fn a_parameter_of_a_pipeline_has_its_default() {
        let cell = json!({"driverCores": {"parameterName": "cores", "defaultValue": 4}});
        let (read, notes) = replaced(cell);
        assert!(read == json!({"driverCores": 4}) && notes.starts_with("driverCores:"), "{notes}");
    }

    #[test]
    fn what_livy_does_not_take_is_left_out_and_explained() {
        for (name, word) in [
            ("defaultLakehouse", "LIVY_URL"),
            ("mountPoints", "notebookutils"),
            ("useStarterPool", "environment"),
            ("worker_type", "numExecutors"),
        ] {
            let (read, notes) = replaced(json!({name: {}, "driverCores": 1}));
            assert_eq!(read, json!({"driverCores": 1}));
            assert!(notes.starts_with(name) && notes.contains(word), "{notes}");
        }
    }
}
