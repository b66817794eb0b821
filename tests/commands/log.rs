use std::{
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{Json, Router, routing::get};
use livy_client::statement::{self, NewStatement};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{
    command,
    fake::{Look, batch, log, serve},
    json_of, livy_kernel, stderr, stdout,
};
use crate::support::{Frontend, Livy, Network, Proxy};

/// What following says on stdout and on stderr.
async fn followed(looks: Vec<Look>) -> (String, String) {
    let output = livy_kernel(&serve(batch(looks)).await, &["batch", "log", "-f", "3"]).await;
    (stdout(&output), stderr(&output))
}

#[tokio::test]
async fn each_line_is_shown_once_whatever_the_server_forgets() {
    let looks = vec![
        ("running", log(&[], &[])),
        ("running", log(&["a", "b"], &["x"])),
        ("running", vec![]),
        ("running", log(&["a", "b"], &["x"])),
        ("running", log(&[], &[])),
        ("success", log(&["b", "c"], &["x", "y"])),
    ];
    assert_eq!(followed(looks).await, ("a\nb\nx\nc\ny\n".to_owned(), String::new()));
}

#[tokio::test]
async fn what_looks_like_a_heading_is_a_line() {
    let printed = ["stdout:", "stderr:", "stdout: ", "stderr: ", "YARN Diagnostics:"];
    let looks =
        vec![("running", log(&printed[..2], &[])), ("success", log(&printed, &["stdout: ", "z"]))];
    let expected = "stdout:\nstderr:\nstdout: \nstderr: \nYARN Diagnostics:\nstdout: \nz\n";
    assert_eq!(followed(looks).await.0, expected);
}

#[tokio::test]
async fn lines_that_were_lost_are_told_beside_the_log() {
    let looks =
        vec![("running", log(&["a", "b"], &[])), ("success", log(&["y", "z"], &["complaint"]))];
    let (stdout, stderr) = followed(looks).await;
    assert_eq!(stdout, "a\nb\ny\nz\ncomplaint\n");
    assert!(stderr.contains("some lines") && stderr.contains("missing"), "{stderr}");
}

/// As Livy does it: the last 200 lines, whenever it is asked.
#[tokio::test]
async fn a_burst_of_a_line_a_millisecond_is_seen() {
    const LINES: u128 = 3000;
    let begun = Arc::new(Mutex::new(None));
    let printed = move || {
        let begun: Instant = *begun.lock().unwrap().get_or_insert_with(Instant::now);
        begun.elapsed().as_millis().min(LINES)
    };
    let until = printed.clone();
    let state = move || async move {
        let state = if until() < LINES { "running" } else { "success" };
        Json(json!({"id": 3, "state": state}))
    };
    let log = move || async move {
        let end = printed();
        let lines: Vec<_> = (end.saturating_sub(200)..end).map(|line| line.to_string()).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        Json(json!({"id": 3, "from": 0, "total": 202, "log": log(&lines, &[])}))
    };
    let livy = Router::new().route("/batches/3", get(state)).route("/batches/3/log", get(log));
    let output = livy_kernel(&serve(livy).await, &["batch", "log", "-f", "3"]).await;

    let seen: Vec<u128> = stdout(&output).lines().map(|line| line.parse().unwrap()).collect();
    assert!(seen.is_sorted_by(|one, next| one < next), "a line came twice");
    // To look twice a second would show 1200; a busy machine may cost some.
    assert!(seen.len() > 2000, "only {} of {LINES} lines", seen.len());
    assert_eq!(seen.last(), Some(&(LINES - 1)));
    let some_are_missing = seen.windows(2).any(|pair| pair[0] + 1 < pair[1]);
    assert_eq!(stderr(&output).contains("some lines"), some_are_missing);
}

#[tokio::test]
async fn the_last_lines_are_lines_and_no_headings() {
    let url = serve(batch(vec![("running", log(&["a", "b"], &["x", "y"]))])).await;
    livy_kernel(&url, &["batch", "show", "3"]).await;
    let last = async |count| {
        json_of(&livy_kernel(&url, &["batch", "log", "3", "--json", "-n", count]).await)
    };
    assert_eq!(last("3").await, json!(["b", "x", "y"]));
    assert_eq!(last("9").await, json!(["a", "b", "x", "y"]));
    assert_eq!(last("0").await, json!([]));
}

#[tokio::test]
async fn following_goes_on_after_an_outage() {
    let livy = Livy::start().await;
    let mut network = Proxy::to(&livy, Network::Up).await;
    let _frontend = Frontend::ready("pyspark", &livy.url()).await;
    let log = async |text: &str| {
        let new = NewStatement { code: format!("log {text}"), kind: None };
        livy.client().send(statement::run(&"0".into(), &new)).await.unwrap();
    };
    let mut command = command(&network.url(), &["session", "log", "-f", "0"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();

    log("before").await;
    assert_eq!(lines.next_line().await.unwrap().unwrap(), "before");
    network.set(Network::Resets).await;
    log("meanwhile").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    network.set(Network::Up).await;
    assert_eq!(lines.next_line().await.unwrap().unwrap(), "meanwhile");

    livy.delete_sessions().await;
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stderr(&output).matches("retrying").count(), 1, "{}", stderr(&output));
}
