use std::{
    process::{Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Json, Router,
    response::{Html, Redirect},
    routing::{any, get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, process::Command};

use crate::support::{Frontend, Livy, Network, Proxy, SECRET};

/// Runs the program; the password of the server must be nowhere in what it says.
async fn livy_kernel(livy_url: &str, arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_livy-kernel"))
        .args(arguments)
        .env("LIVY_URL", livy_url)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    assert!(!String::from_utf8_lossy(&said).contains(SECRET));
    output
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn json_of(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A server that is no livy-local.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://livy:{SECRET}@{address}")
}

#[tokio::test]
async fn a_kernels_session_is_listed_shown_and_ended() {
    let livy = Livy::start().await;
    let _frontend = Frontend::ready("pyspark", &livy.url()).await;
    let name = livy.sessions().await[0].name.clone().unwrap();

    let table = stdout(&livy_kernel(&livy.url(), &["sessions"]).await);
    assert!(table.starts_with("ID  NAME") && table.contains(&name), "{table}");
    let list = json_of(&livy_kernel(&livy.url(), &["sessions", "--all", "--json"]).await);
    assert_eq!(list[0]["name"], *name);

    let shown = stdout(&livy_kernel(&livy.url(), &["session", "show", &name]).await);
    assert!(shown.contains("state        idle"), "{shown}");
    let log = livy_kernel(&livy.url(), &["session", "log", "0", "-n", "5", "--json"]).await;
    assert!(json_of(&log).is_array());

    let killed = livy_kernel(&livy.url(), &["session", "kill", &name]).await;
    assert_eq!(stdout(&killed), format!("{name} has been ended\n"));
    assert!(livy.sessions().await.is_empty());
}

#[tokio::test]
async fn what_is_not_there_and_a_server_that_is_not_there_have_their_exit_codes() {
    let livy = Livy::start().await;
    let missing = livy_kernel(&livy.url(), &["session", "show", "99"]).await;
    assert_eq!(missing.status.code(), Some(1));
    assert!(stderr(&missing).contains("Session '99' not found."), "{}", stderr(&missing));

    let network = Proxy::to(&livy, Network::Refuses).await;
    let unreachable = livy_kernel(&network.url(), &["sessions"]).await;
    assert_eq!(unreachable.status.code(), Some(3));

    let nowhere = livy_kernel("", &["sessions"]).await;
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(stderr(&nowhere).contains("LIVY_URL is not set"), "{}", stderr(&nowhere));
}

/// A batch that runs until it has been asked for three times, and logs a line each time.
async fn with_a_batch(end: &'static str) -> String {
    let asked = Arc::new(AtomicUsize::new(0));
    let lines = asked.clone();
    let batch = move || async move {
        let state = if asked.fetch_add(1, Ordering::SeqCst) < 2 { "running" } else { end };
        Json(json!({"id": 3, "name": null, "state": state}))
    };
    let log = move || async move {
        let lines = (1..=lines.load(Ordering::SeqCst)).map(|line| format!("line {line}"));
        let log: Vec<String> = ["stdout: ".to_owned()].into_iter().chain(lines).collect();
        Json(json!({"id": 3, "from": 0, "total": log.len(), "log": log}))
    };
    let submit = |Json(new): Json<Value>| async move {
        assert_eq!(new["args"], json!(["--fast", "é"]));
        assert_eq!(new["conf"], json!({"spark.ui.enabled": "false"}));
        Json(json!({"id": 3, "state": "starting"}))
    };
    let router = Router::new()
        .route("/batches", post(submit))
        .route("/batches/3", get(batch))
        .route("/batches/3/log", get(log));
    serve(router).await
}

const SUBMIT: [&str; 9] = [
    "batch",
    "submit",
    "--conf",
    "spark.ui.enabled=false",
    "--follow",
    "job.py",
    "--",
    "--fast",
    "é",
];

#[tokio::test]
async fn a_batch_is_submitted_and_its_log_followed_to_a_good_end() {
    let url = with_a_batch("success").await;
    let output = livy_kernel(&url, &SUBMIT).await;
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output), "batch 3 has been submitted\nline 1\nline 2\nline 3\n");
}

#[tokio::test]
async fn a_batch_that_ends_badly_ends_the_command_badly() {
    let output = livy_kernel(&with_a_batch("dead").await, &SUBMIT).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("batch 3 ended in state dead"), "{}", stderr(&output));
}

#[tokio::test]
async fn the_doctor_is_content_with_a_livy() {
    let livy = Livy::start().await;
    let checks = json_of(&livy_kernel(&livy.url(), &["doctor", "--json"]).await);
    let verdicts: Vec<_> =
        checks.as_array().unwrap().iter().map(|check| &check["verdict"]).collect();
    assert_eq!(verdicts, vec!["ok"; 7], "{checks:#}");
}

#[track_caller]
fn finds(output: &Output, fault: &str, remedy: &str) {
    let text = stdout(output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("FAIL") && text.contains(fault) && text.contains(remedy), "{text}");
}

#[tokio::test]
async fn the_doctor_names_a_server_that_is_not_there() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Refuses).await;
    let output = livy_kernel(&network.url(), &["doctor"]).await;
    finds(&output, "refused", "is the server running");
}

#[tokio::test]
async fn the_doctor_names_a_wrong_password() {
    let livy = Livy::start().await;
    let wrong = livy.url().replace(SECRET, "wrong");
    finds(&livy_kernel(&wrong, &["doctor"]).await, "401", "LIVY_TOKEN");
}

#[tokio::test]
async fn the_doctor_names_login_pages_and_other_pages() {
    let page =
        serve(Router::new().fallback(any(|| async { Html("<title>Sign in</title>") }))).await;
    finds(&livy_kernel(&page, &["doctor"]).await, "Sign in", "not of a web page");

    let redirect = Router::new().fallback(any(|| async { Redirect::to("/login") }));
    finds(&livy_kernel(&serve(redirect).await, &["doctor"]).await, "redirects", "a login stands");
}

#[tokio::test]
async fn the_doctor_names_a_server_that_hangs_and_one_without_tls() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Hangs).await;
    let hung = livy_kernel(&network.url(), &["doctor"]).await;
    finds(&hung, "no answer in time", "the server hangs");

    let https = livy.url().replace("http:", "https:");
    finds(&livy_kernel(&https, &["doctor"]).await, "speak TLS on this port?", "");
}

#[tokio::test]
async fn the_doctor_names_a_setting_that_makes_no_sense() {
    let url = format!("livy:{SECRET}@h:1");
    finds(&livy_kernel(&url, &["doctor"]).await, "LIVY_URL does not name a Livy server", "correct");
}
