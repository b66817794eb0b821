//! From Livy's requests for sessions and batches to the properties of a Spark application.

use std::collections::BTreeMap;

use crate::batch::Submission;
use crate::interpreter::Launch;
use crate::refusal::Refusal;
use crate::request::{Application, CreateBatch, CreateSession};

const SQL_ROWS: &str = "livy.rsc.sql.num-rows";
const DEFAULT_SQL_ROWS: usize = 1000;

pub(crate) fn launch(session: u64, request: &CreateSession) -> Launch {
    let application = &request.application;
    let sql_rows = application.conf.as_ref().and_then(|conf| conf.get(SQL_ROWS)?.parse().ok());
    Launch {
        session,
        kind: request.kind(),
        conf: properties(format!("livy-session-{session}"), application),
        sql_rows: sql_rows.unwrap_or(DEFAULT_SQL_ROWS),
    }
}

pub(crate) fn submission(request: CreateBatch) -> Result<Submission, Refusal> {
    let file = request.file()?.to_owned();
    Ok(Submission {
        conf: properties(file.clone(), &request.application),
        file,
        class_name: request.class_name,
        args: request.args.unwrap_or_default(),
    })
}

/// `name` is for an application that has none.
fn properties(name: String, application: &Application) -> BTreeMap<String, String> {
    let mut conf = defaults(application.name.clone().unwrap_or(name));
    let asked = application.conf.clone().unwrap_or_default();
    // Anything but `spark.` is Livy's own, and Spark would complain of it.
    conf.extend(asked.into_iter().filter(|(key, _)| key.starts_with("spark.")));
    conf.extend(sizes(application));
    for (key, items) in lists(application) {
        append(&mut conf, key, items);
    }
    conf
}

fn defaults(name: String) -> BTreeMap<String, String> {
    [
        ("spark.app.name", name.as_str()),
        ("spark.master", "local[*]"),
        // Its bars would fill the log.
        ("spark.ui.showConsoleProgress", "false"),
        // Nothing of one person's Spark listens to the network.
        ("spark.driver.host", "127.0.0.1"),
        ("spark.driver.bindAddress", "127.0.0.1"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
}

fn sizes(application: &Application) -> impl Iterator<Item = (String, String)> {
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

fn lists(application: &Application) -> [(&'static str, &[String]); 4] {
    [
        ("spark.jars", application.jars.as_deref().unwrap_or_default()),
        ("spark.files", application.files.as_deref().unwrap_or_default()),
        ("spark.archives", application.archives.as_deref().unwrap_or_default()),
        ("spark.submit.pyFiles", application.py_files.as_deref().unwrap_or_default()),
    ]
}

/// A list in the request adds to the one in its `conf`.
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
        launch(3, &CreateSession::parse(body.as_bytes()).unwrap())
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
