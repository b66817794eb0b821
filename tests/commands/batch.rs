use std::{
    fs,
    sync::{Arc, Mutex},
};

use axum::{Json, Router, routing::post};
use serde_json::{Value, json};

use super::{
    command,
    fake::{batch, log, serve},
    finished, livy_kernel, stderr, stdout,
};
use crate::support::{Livy, Network, Proxy};

/// A server whose batch 3 prints a line at each look, and ends so.
async fn with_a_batch(end: &'static str) -> String {
    let looks = vec![
        ("running", log(&["line 1"], &[])),
        ("running", log(&["line 1", "line 2"], &[])),
        (end, log(&["line 1", "line 2", "line 3"], &[])),
    ];
    let submit = || async { Json(json!({"id": 3, "state": "starting"})) };
    serve(batch(looks).route("/batches", post(submit))).await
}

const FOLLOW: [&str; 4] = ["batch", "submit", "/job.py", "--follow"];

#[tokio::test]
async fn a_batch_is_submitted_and_its_log_followed_to_a_good_end() {
    let output = livy_kernel(&with_a_batch("success").await, &FOLLOW).await;
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output), "batch 3 was submitted\nline 1\nline 2\nline 3\n");
}

#[tokio::test]
async fn a_batch_is_in_the_audit_without_its_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let arguments = ["batch", "submit", "/job.py", "--name", "nightly", "--", "--key=s3cret"];
    let mut command = command(&with_a_batch("success").await, &arguments);
    command.env("LIVY_AUDIT_TO", &path);
    let output = finished(command).await;
    assert!(output.status.success(), "{}", stderr(&output));
    let text = fs::read_to_string(&path).unwrap();
    let line: Value = serde_json::from_str(&text).unwrap();
    let told = ["event", "batch", "name", "file", "state"].map(|key| line[key].as_str().unwrap());
    assert_eq!(told, ["batch", "3", "nightly", "/job.py", "ok"]);
    assert!(!text.contains("s3cret"), "{text}");
}

#[tokio::test]
async fn a_batch_that_ends_badly_ends_the_command_badly() {
    for end in ["dead", "error", "killed"] {
        for arguments in [&FOLLOW[..], &["batch", "log", "-f", "3"]] {
            let output = livy_kernel(&with_a_batch(end).await, arguments).await;
            assert_eq!(output.status.code(), Some(1), "{arguments:?}");
            let text = stderr(&output);
            assert!(text.contains(&format!("batch 3 ended in state {end}")), "{text}");
        }
    }
}

/// The body of the request that this submission makes.
async fn submitted(folder: &std::path::Path, arguments: &[&str]) -> Value {
    let body = Arc::new(Mutex::new(Value::Null));
    let seen = body.clone();
    let submit = move |Json(new): Json<Value>| async move {
        *seen.lock().unwrap() = new;
        Json(json!({"id": 3, "state": "starting"}))
    };
    let url = serve(Router::new().route("/batches", post(submit))).await;
    let mut command = command(&url, &[&["batch", "submit"], arguments].concat());
    let output = finished({
        command.current_dir(folder);
        command
    })
    .await;
    assert!(output.status.success(), "{}", stderr(&output));
    body.lock().unwrap().take()
}

#[tokio::test]
async fn everything_that_livy_knows_of_a_batch_can_be_said() {
    let arguments = "--class Main --name nightly --conf a=b=c --jars x.jar,y.jar --py-files a.py \
        --files f --archives env.zip#env --driver-memory 1g --driver-cores 2 --executor-memory 3g \
        --executor-cores 4 --num-executors 5 --queue q --proxy-user u hdfs:///job.jar -- --fast é";
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let folder = tempfile::tempdir().unwrap();
    let expected = json!({"className": "Main", "name": "nightly", "conf": {"a": "b=c"},
        "jars": ["x.jar", "y.jar"], "pyFiles": ["a.py"], "files": ["f"],
        "archives": ["env.zip#env"], "driverMemory": "1g", "driverCores": 2,
        "executorMemory": "3g", "executorCores": 4, "numExecutors": 5, "queue": "q",
        "proxyUser": "u", "file": "hdfs:///job.jar", "args": ["--fast", "é"]});
    assert_eq!(submitted(folder.path(), &arguments).await, expected);
}

#[tokio::test]
async fn files_of_this_machine_are_found_by_a_livy_of_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("job.py"), "").unwrap();
    let body = submitted(folder.path(), &["job.py", "--py-files", "job.py,other.py"]).await;
    let here = fs::canonicalize(folder.path()).unwrap().join("job.py");
    assert_eq!(body, json!({"file": here, "pyFiles": [here, "other.py"]}));
    assert_eq!(submitted(folder.path(), &["missing.py"]).await, json!({"file": "missing.py"}));
}

#[tokio::test]
async fn files_of_this_machine_mean_nothing_to_a_livy_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("job.py"), "").unwrap();
    let submit = |Json(new): Json<Value>| async move {
        assert_eq!(new, json!({"file": "job.py"}));
        Json(json!({"id": 3}))
    };
    let proxy = serve(Router::new().route("/batches", post(submit))).await;
    let mut command = command("http://livy.example:8998", &["batch", "submit", "job.py"]);
    command.current_dir(folder.path()).env("http_proxy", proxy);
    let output = finished(command).await;
    assert!(output.status.success(), "{}", stderr(&output));
}

#[tokio::test]
async fn a_submission_without_an_answer_may_have_arrived() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::LosesAnswers).await;
    for (name, look) in [(&[][..], "batch list"), (&["--name", "n1"], "batch show n1")] {
        let arguments = [&["batch", "submit", "/job.py"], name].concat();
        let output = livy_kernel(&network.url(), &arguments).await;
        assert_eq!(output.status.code(), Some(3));
        let text = stderr(&output);
        assert!(text.contains("may run nevertheless") && text.contains(look), "{text}");
    }
}
