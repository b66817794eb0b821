//! Runs batches on real Spark, and compares them with those of a real Livy 0.9.

// Clippy knows that test functions may unwrap, but not that their helpers may.
#![allow(clippy::unwrap_used)]

mod client;
mod processes;
mod spark_server;

use std::{fs, path::Path, time::Duration};

use livy_local::Server;
use serde_json::{Value, json};

use self::{
    client::Client,
    processes::{assert_gone_within, descendants},
    spark_server::spark_server,
};

fn script(folder: &Path, name: &str, code: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, code).unwrap();
    path.display().to_string()
}

async fn submit(client: &Client, body: Value) -> String {
    let created = client.post("/batches", &body).await;
    created.header("location").unwrap_or_else(|| panic!("{created:?}")).to_owned()
}

/// Runs its parts one after the other, since the last one looks at all children of this process.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_does_what_livys_does() {
    let Some((server, client)) = spark_server().await else { return };
    let folder = tempfile::tempdir().unwrap();
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
    let (state, log) = client.batch_end(&submit(client, body).await).await;
    assert_eq!(state, "success", "{log:#?}");
    for line in ["sum 45 a b é", "nightly 3", "to stderr"] {
        assert!(log.iter().any(|said| said == line), "{line} is not in {log:#?}");
    }
    assert_eq!((log[0].as_str(), log.last().unwrap().as_str()), ("stdout: ", "\nstderr: "));
}

async fn a_batch_that_fails_is_dead(client: &Client, folder: &Path) {
    let bad = script(folder, "bad.py", "import sys\nsys.exit('boom')\n");
    let (state, log) = client.batch_end(&submit(client, json!({"file": bad})).await).await;
    assert_eq!(state, "dead");
    assert!(log.iter().any(|line| line == "boom"), "{log:#?}");
}

async fn a_batch_that_is_deleted_or_whose_server_ends_leaves_no_process(
    server: Server,
    client: &Client,
    folder: &Path,
) {
    let long = script(folder, "long.py", "import time\nprint('here')\ntime.sleep(60)\n");
    let first = submit(client, json!({"file": long})).await;
    client.wait_for_log(&first, "here").await;
    let pids = descendants(std::process::id());
    assert!(pids.len() >= 3, "two Pythons and a Java: {pids:?}");
    client.delete(&first).await.check(200, json!({"msg": "deleted"}));
    assert_gone_within(Duration::from_secs(3), &pids);

    let second = submit(client, json!({"file": long})).await;
    client.wait_for_log(&second, "here").await;
    let pids = descendants(std::process::id());
    server.stop().await;
    assert_gone_within(Duration::from_secs(3), &pids);
}
