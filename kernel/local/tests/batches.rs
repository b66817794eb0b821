//! Batches: `spark-submit` on a real Spark, as a real Livy 0.9 runs them.

// Clippy sees tests only in functions that are marked so, not in their helpers.
#![allow(clippy::unwrap_used)]

mod client;
mod processes;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use client::Client;
use livy_local::{Options, Server, start};
use processes::{assert_gone_within, descendants};
use serde_json::{Value, json};
use tokio::time::sleep;

async fn server() -> (Server, Client) {
    let python = std::env::var_os("LIVY_LOCAL_TEST_PYTHON").map(PathBuf::from);
    let server = start(Options { python, ..Options::default() }).await.unwrap();
    let client = Client::of(&server);
    (server, client)
}

fn script(folder: &Path, name: &str, code: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, code).unwrap();
    path.display().to_string()
}

async fn submit(client: &Client, body: Value) -> String {
    let created = client.post("/batches", &body).await;
    created.header("location").unwrap_or_else(|| panic!("{created:?}")).to_owned()
}

async fn end_of(client: &Client, batch: &str) -> (Value, Vec<String>) {
    for _ in 0..900 {
        let state = client.get(&format!("{batch}/state")).await.json()["state"].clone();
        if state == "success" || state == "dead" {
            let log = client.get(&format!("{batch}/log?from=0&size=-1")).await.json();
            return (state, serde_json::from_value(log["log"].clone()).unwrap());
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("{batch} does not end: {}", client.get(batch).await.text);
}

/// One after the other, since the last looks at all processes of this one.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_does_what_livys_does() {
    let folder = tempfile::tempdir().unwrap();
    let (server, client) = server().await;
    a_spark_job_has_its_arguments_and_properties(&client, folder.path()).await;
    a_batch_that_fails_is_dead(&client, folder.path()).await;
    a_batch_that_is_deleted_or_whose_server_ends_leaves_no_process(server, &client, folder.path())
        .await;
}

async fn a_spark_job_has_its_arguments_and_properties(client: &Client, folder: &Path) {
    let job = script(
        folder,
        "job.py",
        "import sys\nfrom pyspark.sql import SparkSession\n\
         spark = SparkSession.builder.getOrCreate()\n\
         print('sum', spark.range(10).groupBy().sum().first()[0], *sys.argv[1:])\n\
         print(spark.conf.get('spark.app.name'), spark.conf.get('spark.sql.shuffle.partitions'))\n\
         print('to stderr', file=sys.stderr)\n",
    );
    let conf = json!({"spark.sql.shuffle.partitions": "3"});
    let body = json!({"file": job, "args": ["a b", "é"], "name": "nightly", "conf": conf});
    let (state, log) = end_of(client, &submit(client, body).await).await;
    assert_eq!(state, "success", "{log:#?}");
    for line in ["sum 45 a b é", "nightly 3", "to stderr"] {
        assert!(log.iter().any(|said| said == line), "{line} is not in {log:#?}");
    }
    assert_eq!((log[0].as_str(), log.last().unwrap().as_str()), ("stdout: ", "\nstderr: "));
}

async fn a_batch_that_fails_is_dead(client: &Client, folder: &Path) {
    let bad = script(folder, "bad.py", "import sys\nsys.exit('boom')\n");
    let (state, log) = end_of(client, &submit(client, json!({"file": bad})).await).await;
    assert_eq!(state, "dead");
    assert!(log.iter().any(|line| line == "boom"), "{log:#?}");
}

async fn a_batch_that_is_deleted_or_whose_server_ends_leaves_no_process(
    server: Server,
    client: &Client,
    folder: &Path,
) {
    let long = script(folder, "long.py", "import time\nprint('here')\ntime.sleep(60)\n");
    let is_here = async |batch: &str| {
        while !client.get(&format!("{batch}/log")).await.text.contains("here") {
            let state = client.get(batch).await.json()["state"].clone();
            assert_ne!(state, "dead");
            sleep(Duration::from_millis(50)).await;
        }
    };
    let first = submit(client, json!({"file": long})).await;
    is_here(&first).await;
    let pids = descendants(std::process::id());
    assert!(pids.len() >= 3, "two Pythons and a Java: {pids:?}");
    client.delete(&first).await.check(200, json!({"msg": "deleted"}));
    assert_gone_within(Duration::from_secs(3), &pids);

    let second = submit(client, json!({"file": long})).await;
    is_here(&second).await;
    let pids = descendants(std::process::id());
    server.stop().await;
    assert_gone_within(Duration::from_secs(3), &pids);
}
