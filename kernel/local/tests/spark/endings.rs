use std::{
    io::BufRead,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::json;
use tokio::time::sleep;

use crate::{
    processes::{assert_gone_within, descendants},
    session::{Session, idle_session},
    spark_server::{spark_python, spark_server},
};

/// Names a folder for the process that a test starts in order to kill it.
const CHILD_FOLDER: &str = "LIVY_LOCAL_TEST_VICTIM";

/// Prints the folder of Scala's classes, whose loader is above that of the REPL.
const PRINT_FOLDER: &str = "loader = sc._jvm.Thread.currentThread().getContextClassLoader()
while loader.getClass().getName() != 'java.net.URLClassLoader':
    loader = loader.getParent()
print(loader.getURLs()[0].getPath())";

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_process_ends_is_dead_and_gone() {
    let Some((server, client)) = spark_server().await else { return };
    let path = idle_session(&client, json!({"kind": "spark"})).await;
    let session = Session { client: &client, path };
    let pids = session.processes().await;
    session.check_scala("class A", "defined class A\n").await;
    let printed = session.run("pyspark", PRINT_FOLDER).await["data"]["text/plain"].clone();
    let classes = PathBuf::from(printed.as_str().unwrap());
    assert!(classes.read_dir().unwrap().count() > 0);
    session.submit("pyspark", "import os; os._exit(3)").await;
    client.wait_for(&format!("{}/state", session.path), "dead").await;
    assert_gone_within(Duration::from_secs(3), &pids);
    assert!(!classes.exists());
    let log = client.get(&format!("{}/log", session.path)).await.text;
    assert!(log.contains("exit status: 3"), "{log}");

    let session = Session { client: &client, path: idle_session(&client, json!({})).await };
    let jvm = "import os, signal; os.kill(sc._gateway.proc.pid, signal.SIGKILL)";
    session.submit("pyspark", jvm).await;
    client.wait_for(&format!("{}/state", session.path), "dead").await;

    let created = client.post("/sessions", &json!({"conf": {"spark.master": "nonsense"}})).await;
    let path = created.header("location").unwrap().to_owned();
    client.wait_for(&format!("{path}/state"), "dead").await;
    let log = client.get(&format!("{path}/log")).await.text;
    assert!(log.contains("Master must"), "{log}");

    let session = Session { client: &client, path: idle_session(&client, json!({})).await };
    let pids = session.processes().await;
    drop(server);
    assert_gone_within(Duration::from_secs(3), &pids);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outlives_a_killed_server() {
    if spark_python().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "endings::child_process", "--nocapture"])
        .env(CHILD_FOLDER, folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(
        said.map_while(Result::ok).any(|line| line.contains("a session runs")),
        "no session runs in the child process"
    );
    let pids = descendants(child.id());
    assert!(pids.len() >= 5, "two Pythons with their JVMs, and the batch's: {pids:?}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_gone_within(Duration::from_secs(10), &pids);
}

/// This is no test of its own, but the process that `nothing_outlives_a_killed_server` kills while its session and batch
/// are busy.
#[tokio::test(flavor = "multi_thread")]
async fn child_process() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER).map(PathBuf::from) else { return };
    let Some((_server, client)) = spark_server().await else { return };
    let session = Session { client: &client, path: idle_session(&client, json!({})).await };
    let code = "sc.parallelize(range(2), 2).map(lambda x: __import__('time').sleep(60)).count()";
    session.submit("pyspark", code).await;
    let file = folder.join("long.py");
    std::fs::write(&file, "import time\nprint('here')\ntime.sleep(60)\n").unwrap();
    client.post("/batches", &json!({"file": file})).await;
    client.wait_for_log("/batches/0", "here").await;
    eprintln!("a session runs");
    sleep(Duration::from_secs(60)).await;
}
