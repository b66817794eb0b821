use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Channel, Frontend, Livy};

async fn check(frontend: &mut Frontend, asked: Value, expected: Value) {
    let done = frontend.ask(Channel::Shell, "history_request", asked).await;
    assert_eq!(done.reply.content, json!({"status": "ok", "history": expected}));
}

#[tokio::test]
async fn what_was_run_can_be_asked_for() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;
    check(&mut frontend, json!({"hist_access_type": "tail", "n": 5}), json!([])).await;
    for code in ["echo a", "echo b", "error E e", "echo a"] {
        frontend.run(code).await;
    }

    let tail = json!({"hist_access_type": "tail", "n": 2, "raw": true, "output": false});
    check(&mut frontend, tail, json!([[1, 3, "error E e"], [1, 4, "echo a"]])).await;
    let range = json!({"hist_access_type": "range", "session": 0, "start": 2, "stop": 3});
    check(&mut frontend, range, json!([[1, 2, "echo b"]])).await;
    let search = json!({"hist_access_type": "search", "pattern": "echo*", "unique": true});
    check(&mut frontend, search, json!([[1, 2, "echo b"], [1, 4, "echo a"]])).await;
    let pairs = json!({"hist_access_type": "tail", "n": 1, "output": true});
    check(&mut frontend, pairs.clone(), json!([[1, 4, ["echo a", null]]])).await;
    let code = r#"json {"application/json": [1]}"#;
    let result = frontend.run(code).await.only("execute_result")["data"]["text/plain"].clone();
    check(&mut frontend, pairs, json!([[1, 5, [code, result]]])).await;
}

/// A kernel whose data folder is this one, or another setting.
async fn open(livy: &Livy, variables: &[(&str, &str)]) -> Frontend {
    Frontend::open_with("pyspark", &livy.url(), variables).await
}

#[tokio::test]
async fn it_outlives_the_kernel_that_ran_it() {
    let livy = Livy::start().await;
    let data = tempfile::tempdir().unwrap();
    let kept = [("JUPYTER_DATA_DIR", data.path().to_str().unwrap())];
    let mut first = open(&livy, &kept).await;
    first.run("echo first").await;
    first.run_with("echo not kept", json!({"store_history": false})).await;
    let end = json!({"restart": true});
    first.ask(Channel::Control, "shutdown_request", end).await;
    first.kernel.exits_within(Duration::from_secs(5)).await;

    let mut second = open(&livy, &kept).await;
    let tail = json!({"hist_access_type": "tail", "n": 9});
    check(&mut second, tail.clone(), json!([[1, 1, "echo first"]])).await;
    second.run("echo second").await;
    let both = json!([[1, 1, "echo first"], [2, 1, "echo second"]]);
    check(&mut second, tail, both).await;
    let before = json!({"hist_access_type": "range", "session": -1, "start": 1});
    check(&mut second, before, json!([[1, 1, "echo first"]])).await;
}

#[tokio::test]
async fn two_kernels_at_once_lose_nothing() {
    let livy = Livy::start().await;
    let data = tempfile::tempdir().unwrap();
    let kept = [("JUPYTER_DATA_DIR", data.path().to_str().unwrap())];
    let (mut one, mut other) = (open(&livy, &kept).await, open(&livy, &kept).await);
    for count in 1..=5 {
        let (of_one, of_other) = (format!("echo one {count}"), format!("echo other {count}"));
        tokio::join!(one.run(&of_one), other.run(&of_other));
    }
    for frontend in [&mut one, &mut other] {
        let all = json!({"hist_access_type": "search", "pattern": "echo o*"});
        let found = frontend.ask(Channel::Shell, "history_request", all).await;
        assert_eq!(found.reply.content["history"].as_array().unwrap().len(), 10, "{found:#?}");
    }
}

#[tokio::test]
async fn it_can_be_turned_off() {
    let livy = Livy::start().await;
    for (value, warns) in [("no", false), ("never", true)] {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().to_str().unwrap();
        let mut frontend =
            open(&livy, &[("JUPYTER_DATA_DIR", folder), ("LIVY_HISTORY", value)]).await;
        frontend.run("echo a").await;
        let tail = json!({"hist_access_type": "tail", "n": 9});
        check(&mut frontend, tail, json!([[1, 1, "echo a"]])).await;
        assert!(!data.path().join("livy-kernel/history").exists(), "{value}");
        assert_eq!(frontend.kernel.stderr().contains("LIVY_HISTORY"), warns);
    }
}
