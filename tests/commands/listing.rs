use std::{collections::HashMap, process::Output};

use axum::{Json, Router, extract::Query, routing::get};
use serde_json::{Value, json};

use super::{
    fake::{all_like, serve},
    json_of, livy_kernel, stderr, stdout,
};
use crate::support::{Frontend, Livy};

/// Returns lines of words, since the width of a column depends on the session's name.
fn in_words(text: &str, name: &str) -> String {
    let text = text.replace(name, "A-NAME");
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_kernels_session_is_listed_shown_and_ended() {
    let livy = Livy::start().await;
    let _frontend = Frontend::ready("pyspark", &livy.url()).await;
    let name = livy.sessions().await[0].name.clone().unwrap();

    let table = stdout(&livy_kernel(&livy.url(), &["sessions"]).await);
    insta::assert_snapshot!(in_words(&table, &name), @"
    ID NAME KIND STATE OWNER APPLICATION
    0 A-NAME pyspark idle - scripted-0
    ");
    let list = json_of(&livy_kernel(&livy.url(), &["sessions", "--all", "--json"]).await);
    assert_eq!(list[0]["name"], *name);

    let shown = stdout(&livy_kernel(&livy.url(), &["session", "show", &name]).await);
    let (shown, ui) = shown.trim_end().rsplit_once(' ').unwrap();
    assert!(ui.starts_with("http://127.0.0.1:"), "{ui}");
    insta::assert_snapshot!(in_words(shown, &name), @"
    id 0
    name A-NAME
    kind pyspark
    state idle
    application scripted-0
    Spark UI
    ");
    let log = livy_kernel(&livy.url(), &["session", "log", "0", "-n", "5", "--json"]).await;
    assert!(json_of(&log).is_array());

    let killed = livy_kernel(&livy.url(), &["session", "kill", &name]).await;
    assert_eq!(stdout(&killed), format!("{name} was ended\n"));
    assert!(livy.sessions().await.is_empty());
}

const PASSWORD: &str = "hunter2";

#[track_caller]
fn hides(output: &Output) {
    let text = stdout(output);
    assert!(output.status.success(), "{}", stderr(output));
    assert!(!text.contains(PASSWORD), "{text}");
    assert!(text.contains("2g") && text.contains("redacted"), "{text}");
}

#[tokio::test]
async fn secret_properties_are_never_shown() {
    let conf = json!({"spark.ssl.keyStorePassword": PASSWORD, "my.SECRET": PASSWORD,
        "fs.s3a.access.key": PASSWORD, "spark.hadoop.Token": PASSWORD, "a.credential": PASSWORD,
        "spark.executor.extraJavaOptions": format!("-Dmy.password={PASSWORD}"),
        "spark.executor.memory": "2g"});
    let one = json!({"id": 1, "name": "livy-kernel-1", "state": "idle", "conf": conf});
    let url = serve(all_like(one, &[])).await;
    for arguments in [
        &["sessions", "--json"][..],
        &["session", "show", "1"],
        &["session", "show", "1", "--json"],
        &["batch", "list", "--json"],
        &["batch", "show", "1"],
        &["batch", "show", "1", "--json"],
        &["batch", "submit", "/job.py", "--json"],
    ] {
        hides(&livy_kernel(&url, arguments).await);
    }
}

#[tokio::test]
async fn a_session_of_a_gateways_is_listed_as_its_users() {
    let one = json!({"id": 1, "name": "livy-kernel-1", "state": "idle", "owner": "hub", "proxyUser": "alice"});
    let table = stdout(&livy_kernel(&serve(all_like(one, &[])).await, &["sessions"]).await);
    insta::assert_snapshot!(in_words(&table, "livy-kernel-1"), @"
    ID NAME KIND STATE OWNER APPLICATION
    1 A-NAME - idle alice -
    ");
}

/// A server that has so many sessions, says so or not, and sends at most so many at once.
async fn paging(count: usize, total: Option<usize>, page: usize) -> String {
    let list = move |Query(query): Query<HashMap<String, usize>>| async move {
        let rows = (query["from"]..count).take(query["size"].min(page));
        let rows: Vec<Value> = rows.map(|id| json!({"id": id, "state": "idle"})).collect();
        Json(json!({"from": query["from"], "total": total, "sessions": rows}))
    };
    serve(Router::new().route("/sessions", get(list))).await
}

async fn listed(url: &str) -> usize {
    let list = json_of(&livy_kernel(url, &["sessions", "--all", "--json"]).await);
    list.as_array().unwrap().len()
}

#[tokio::test]
async fn a_list_goes_on_after_short_pages_until_all_are_there() {
    assert_eq!(listed(&paging(130, Some(130), 20).await).await, 130);
    assert_eq!(listed(&paging(45, None, 20).await).await, 45);
    assert_eq!(listed(&paging(0, Some(0), 20).await).await, 0);
}

#[tokio::test]
async fn a_list_ends_however_wrong_the_server_counts() {
    assert_eq!(listed(&paging(30, Some(1000), 20).await).await, 30);
    let page = json!({"total": 1000, "sessions": [{"id": 1}, {"id": 2}]});
    let always = get(move || async move { Json(page) });
    assert_eq!(listed(&serve(Router::new().route("/sessions", always)).await).await, 2);
}
