use std::io::BufRead;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::processes::{assert_gone_within, descendants};
use crate::session::{Session, idle_session, server};

/// Set for the process that a test starts in order to kill it.
const VICTIM: &str = "LIVY_LOCAL_TEST_VICTIM";

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_process_ends_is_dead_and_gone() {
    let (server, client) = server().await;
    let path = idle_session(&client, json!({"kind": "spark"})).await;
    let session = Session { client: &client, path };
    let pids = session.processes().await;
    session.check_scala("class A", "defined class A\n").await;
    let code = "print(sc.getConf().get('spark.repl.class.outputDir'))";
    let printed = session.run("pyspark", code).await["data"]["text/plain"].clone();
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
    let folder = tempfile::tempdir().unwrap();
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "endings::the_victim", "--nocapture"])
        .env(VICTIM, folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = std::io::BufReader::new(victim.stderr.take().unwrap()).lines();
    assert!(
        said.map_while(Result::ok).any(|line| line.contains("a session runs")),
        "the victim did not get so far"
    );
    let pids = descendants(victim.id());
    assert!(pids.len() >= 5, "two Pythons with their JVMs, and the batch's: {pids:?}");
    victim.kill().unwrap();
    victim.wait().unwrap();
    assert_gone_within(Duration::from_secs(10), &pids);
}

/// Not a test of its own: the process that `nothing_outlives_a_killed_server` kills while its session and its batch are busy.
#[tokio::test(flavor = "multi_thread")]
async fn the_victim() {
    let Some(folder) = std::env::var_os(VICTIM).map(PathBuf::from) else { return };
    let (_server, client) = server().await;
    let session = Session { client: &client, path: idle_session(&client, json!({})).await };
    let code = "sc.parallelize(range(2), 2).map(lambda x: __import__('time').sleep(60)).count()";
    session.submit("pyspark", code).await;
    let file = folder.join("long.py");
    std::fs::write(&file, "import time\nprint('here')\ntime.sleep(60)\n").unwrap();
    client.post("/batches", &json!({"file": file})).await;
    while !client.get("/batches/0/log").await.text.contains("here") {
        sleep(Duration::from_millis(50)).await;
    }
    eprintln!("a session runs");
    sleep(Duration::from_secs(60)).await;
}
