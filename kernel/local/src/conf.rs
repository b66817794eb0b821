//! Turns requests for sessions and batches into properties of a Spark application.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::{
    batch::Submission,
    interpreter::Launch,
    refusal::Refusal,
    request::{ApplicationOptions, CreateBatch, CreateSession},
};

const SQL_ROWS_KEY: &str = "livy.rsc.sql.num-rows";
const DEFAULT_SQL_ROWS: usize = 1000;

pub(crate) fn launch(session: u64, request: &CreateSession, ui_key: &str) -> Launch {
    let application = &request.application;
    let sql_rows = application.conf.as_ref().and_then(|conf| conf.get(SQL_ROWS_KEY)?.parse().ok());
    Launch {
        session,
        kind: request.kind(),
        conf: properties(format!("livy-session-{session}"), application),
        sql_rows: sql_rows.unwrap_or(DEFAULT_SQL_ROWS),
        ui_key: ui_key.to_owned(),
    }
}

pub(crate) fn submission(request: CreateBatch) -> Result<Submission, Refusal> {
    let file = request.file()?.to_owned();
    let mut conf = properties(file.clone(), &request.application);
    // A batch's UI would be open to other users, and Livy does not show where it is.
    conf.entry("spark.ui.enabled".to_owned()).or_insert_with(|| "false".to_owned());
    Ok(Submission {
        conf,
        file,
        class_name: request.class_name,
        args: request.args.unwrap_or_default(),
    })
}

/// Returns the properties of an application, which is called `default_name` unless the request names it.
fn properties(default_name: String, application: &ApplicationOptions) -> BTreeMap<String, String> {
    let mut conf = defaults(application.name.clone().unwrap_or(default_name));
    let asked = application.conf.clone().unwrap_or_default();
    // Other properties are Livy's own, and Spark would warn about them.
    conf.extend(asked.into_iter().filter(|(key, _)| key.starts_with("spark.")));
    conf.extend(sizes(application));
    for (key, items) in lists(application) {
        append(&mut conf, key, items);
    }
    authenticate(&mut conf);
    conf
}

/// Turns on Spark's authentication, since without it every user of this machine could make the driver deserialize any
/// Java object. A cluster elsewhere has its own secret, or none.
fn authenticate(conf: &mut BTreeMap<String, String>) {
    let master = &conf["spark.master"];
    if !master.starts_with("local") || conf.contains_key("spark.authenticate") {
        return;
    }
    // With other local masters Spark makes a secret itself, and keeps it in its one process.
    if master.starts_with("local-cluster[") {
        let secret = Uuid::new_v4().simple().to_string();
        conf.entry("spark.authenticate.secret".to_owned()).or_insert(secret);
    }
    conf.insert("spark.authenticate".to_owned(), "true".to_owned());
}

fn defaults(name: String) -> BTreeMap<String, String> {
    [
        ("spark.app.name", name.as_str()),
        ("spark.master", "local[*]"),
        // Progress bars would fill the log.
        ("spark.ui.showConsoleProgress", "false"),
        ("spark.ui.killEnabled", "false"),
        // Any port will do: users see the address that `spark_ui` makes.
        ("spark.ui.port", "0"),
        // Spark must not listen to the network.
        ("spark.driver.host", "127.0.0.1"),
        ("spark.driver.bindAddress", "127.0.0.1"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
}

fn sizes(application: &ApplicationOptions) -> impl Iterator<Item = (String, String)> {
    let number = |n: Option<u32>| n.map(|n| n.to_string());
    [
        ("spark.driver.memory", application.driver_memory.clone()),
        ("spark.driver.cores", number(application.driver_cores)),
        ("spark.executor.memory", application.executor_memory.clone()),
        ("spark.executor.cores", number(application.executor_cores)),
        ("spark.executor.instances", number(application.num_executors)),
        ("spark.yarn.queue", application.queue.clone()),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key.to_owned(), value?)))
}

fn lists(application: &ApplicationOptions) -> [(&'static str, &[String]); 4] {
    [
        ("spark.jars", application.jars.as_deref().unwrap_or_default()),
        ("spark.files", application.files.as_deref().unwrap_or_default()),
        ("spark.archives", application.archives.as_deref().unwrap_or_default()),
        ("spark.submit.pyFiles", application.py_files.as_deref().unwrap_or_default()),
    ]
}

/// Appends `items` to the list that the request's `conf` may have under `key`.
fn append(conf: &mut BTreeMap<String, String>, key: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    let value = conf.entry(key.to_owned()).or_default();
    if !value.is_empty() {
        value.push(',');
    }
    value.push_str(&items.join(","));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch_of(body: &str) -> Launch {
        launch(3, &CreateSession::parse(body.as_bytes()).unwrap(), "key")
    }

    #[test]
    fn a_bare_request_gets_a_local_spark() {
        let launch = launch_of("{}");
        assert_eq!(launch.conf["spark.master"], "local[*]");
        assert_eq!(launch.conf["spark.app.name"], "livy-session-3");
        assert_eq!(launch.sql_rows, 1000);
    }

    #[test]
    fn conf_wins_over_defaults_and_livys_own_keys_stay_out_of_spark() {
        let launch =
            launch_of(r#"{"conf": {"spark.master": "local[1]", "livy.rsc.sql.num-rows": "7"}}"#);
        assert_eq!(launch.conf["spark.master"], "local[1]");
        assert_eq!(launch.sql_rows, 7);
        assert!(!launch.conf.keys().any(|key| key.starts_with("livy")));
    }

    #[test]
    fn a_local_spark_wants_a_secret_unless_the_request_says_otherwise() {
        let conf = |asked: &str| launch_of(&format!(r#"{{"conf": {asked}}}"#)).conf;
        assert_eq!(conf("{}")["spark.authenticate"], "true");
        let executors = r#"{"spark.master": "local-cluster[1,1,1024]"}"#;
        let secret = |conf: BTreeMap<_, String>| conf["spark.authenticate.secret"].clone();
        assert_ne!(secret(conf(executors)), secret(conf(executors)));
        assert_eq!(conf(r#"{"spark.authenticate": "false"}"#)["spark.authenticate"], "false");
        let elsewhere = conf(r#"{"spark.master": "spark://127.0.0.1:7077"}"#);
        assert!(!elsewhere.contains_key("spark.authenticate"));
    }

    #[test]
    fn fields_become_properties() {
        let launch = launch_of(
            r#"{"name": "etl", "driverMemory": "2g", "executorCores": 2, "jars": ["b.jar"],
                "pyFiles": ["x.py", "y.py"], "conf": {"spark.jars": "a.jar"}}"#,
        );
        assert_eq!(launch.conf["spark.app.name"], "etl");
        assert_eq!(launch.conf["spark.driver.memory"], "2g");
        assert_eq!(launch.conf["spark.executor.cores"], "2");
        assert_eq!(launch.conf["spark.jars"], "a.jar,b.jar");
        assert_eq!(launch.conf["spark.submit.pyFiles"], "x.py,y.py");
    }
}
