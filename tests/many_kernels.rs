use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Channel, Frontend, Livy};

#[tokio::test]
async fn two_kernels_on_one_livy_have_a_session_each() {
    let livy = Livy::start().await;
    let mut one = Frontend::open("pyspark", &livy.url()).await;
    let mut other = Frontend::open("spark", &livy.url()).await;

    let mut cell = one.execute("sleep 0.3\necho one").await;
    other.run("echo other").await.is_ok();
    cell.end().await.is_ok();
    let mut kinds: Vec<_> = livy.sessions().await.into_iter().map(|s| s.kind.unwrap()).collect();
    kinds.sort();
    assert_eq!(kinds, ["pyspark", "spark"]);

    one.send(Channel::Control, "shutdown_request", json!({"restart": false})).await.end().await;
    one.kernel.exits_within(std::time::Duration::from_secs(5)).await;
    other.run("echo still here").await.is_ok();
    assert_eq!(livy.sessions().await.len(), 1);
}

/// Starts a kernel, runs a cell and ends it.
async fn live_a_life(livy_url: String, n: usize) {
    let mut frontend = Frontend::open("pyspark", &livy_url).await;
    let done = frontend.run(&format!("sleep 1\necho this is {n}")).await;
    assert_eq!(done.text(), format!("this is {n}"));
    frontend.send(Channel::Control, "shutdown_request", json!({})).await.recv_reply().await;
    frontend.kernel.exits_within(std::time::Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_kernels_live_on_one_livy_at_once() {
    let livy = Livy::start().await;
    let mut kernels = JoinSet::new();
    for n in 0..30 {
        kernels.spawn(live_a_life(livy.url(), n));
    }
    while let Some(life) = kernels.join_next().await {
        life.unwrap();
    }
    assert!(livy.sessions().await.is_empty());
}
