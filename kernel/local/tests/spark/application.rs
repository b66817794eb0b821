use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::session::Session;

pub async fn spark_application(session: &Session<'_>) {
    let view = session.client.get(&session.path).await.json();
    let app_id = view["appId"].as_str().unwrap();
    let ui = view["appInfo"]["sparkUiUrl"].as_str().unwrap();
    assert!(app_id.starts_with("local-") && ui.starts_with("http://127.0.0.1:"), "{view:#}");
    let asked = async |key: &str| {
        session.run("sql", &format!("set {key}")).await["data"]["application/json"]["data"][0][1]
            .clone()
    };
    assert_eq!(asked("spark.app.name").await, "all");
    assert_eq!(asked("spark.driver.memory").await, "700m");
    assert_eq!(asked("spark.sql.shuffle.partitions").await, "3");
    assert_eq!(asked("spark.master").await, "local[*]");
}

pub async fn progress_and_cancelling(session: &Session<'_>) {
    let client = session.client;
    let slow = |tasks: u32, seconds: f64| {
        format!(
            "sc.parallelize(range({tasks}),{tasks}).map(lambda x: __import__('time').sleep({seconds})).count()"
        )
    };
    let path = session.submit("pyspark", &slow(12, 0.25)).await;
    let mut seen = Vec::new();
    let last = loop {
        let statement = client.get(&path).await.json();
        if statement["state"] == "available" {
            break statement;
        }
        let progress = statement["progress"].as_f64().unwrap();
        if seen.last() != Some(&progress) {
            seen.push(progress);
        }
        sleep(Duration::from_millis(20)).await;
    };
    assert!(
        seen.iter().filter(|progress| **progress > 0.0 && **progress < 1.0).count() >= 2,
        "{seen:?}"
    );
    assert!(seen.is_sorted(), "{seen:?}");
    assert_eq!(last["progress"], 1.0);

    let path = session.submit("pyspark", &slow(2, 30.0)).await;
    let behind = session.submit("pyspark", "'behind'").await;
    sleep(Duration::from_millis(700)).await;
    let began = Instant::now();
    client.post(&format!("{path}/cancel"), &json!(null)).await;
    let cancelled = client.wait_for(&path, "cancelled").await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let reason = cancelled["output"]["evalue"].as_str().unwrap();
    assert!(reason.contains("cancelled part of cancelled job group"), "{reason}");
    assert_eq!(
        client.wait_for(&behind, "available").await["output"]["data"]["text/plain"],
        "'behind'"
    );

    // The job of an SQL statement, and one that starts only after the cancel.
    let path =
        session.submit("pyspark", &format!("import time; time.sleep(1); {}", slow(2, 30.0))).await;
    sleep(Duration::from_millis(200)).await;
    client.post(&format!("{path}/cancel"), &json!(null)).await;
    assert_eq!(client.wait_for(&path, "cancelled").await["output"]["status"], "error");
    let path = session
        .submit("sql", "select sum(a.id * b.id) from range(1000000) a cross join range(1000000) b")
        .await;
    sleep(Duration::from_millis(700)).await;
    client.post(&format!("{path}/cancel"), &json!(null)).await;
    let reason =
        client.wait_for(&path, "cancelled").await["output"]["evalue"].as_str().unwrap().to_owned();
    assert!(reason.contains("cancelled part of cancelled job group"), "{reason}");
}

pub async fn files_and_processes(session: &Session<'_>) {
    let here = std::env::current_dir().unwrap();
    session.check_text("import os; print(os.getcwd())", here.to_str().unwrap()).await;
    session.check_text("spark.sql('create table kept using parquet as select 1 as a'); spark.table('kept').count()", "1").await;
    assert!(!here.join("spark-warehouse").exists() && !here.join("metastore_db").exists());

    // A child may write to and read from its standard streams, and the user's code to the protocol's pipe.
    session.check_text("os.system('echo from the shell; cat')", "0").await;
    session.check_text("sys.__stdout__.write('no message'); 1", "1").await;
    session.check_text("_ = os.write(sys.__stdout__.fileno(), b'\\xff\\n'); 1", "1").await;
    session.check_text("sys.stdout = sys.__stdout__; 1", "").await;
    session.check_text("2", "2").await;
    session.check_text("_ = os.fork() or os._exit(0); 3", "3").await;
    session
        .check_error(
            "pyspark",
            "input()",
            "EOFError",
            "EOF when reading a line",
            json!(["Traceback (most recent call last):\n", "EOFError: EOF when reading a line\n"]),
        )
        .await;
    let log = session.client.get(&format!("{}/log?size=-1", session.path)).await.json()["log"]
        .to_string();
    assert!(log.contains("from the shell") && log.contains("no message"), "{log}");
}
