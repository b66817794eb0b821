use crate::support::{Channel, Frontend, Livy};

use serde_json::json;

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
