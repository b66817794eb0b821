use serde_json::json;

use crate::support::{Channel, Frontend, Livy, Network, Proxy};

/// Completes at a cursor; what is to be replaced must lie where it is expected.
async fn check(frontend: &mut Frontend, code: &str, cursor: i64, start: i64, end: i64) {
    let asked = json!({"code": code, "cursor_pos": cursor});
    let done = frontend.ask(Channel::Shell, "complete_request", asked).await;
    let expected = json!({"status": "ok", "matches": [], "cursor_start": start,
        "cursor_end": end, "metadata": {}});
    assert_eq!(done.reply.content, expected, "{code:?} at {cursor}");
}

#[tokio::test]
async fn it_is_answered_with_and_without_a_session() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    check(&mut frontend, "spark.ra", 8, 6, 8).await;
    assert!(livy.sessions().await.is_empty());
    frontend.run("echo hi").await.is_ok();
    check(&mut frontend, "spark.ra", 8, 6, 8).await;
}

#[tokio::test]
async fn the_cursor_counts_code_points_and_may_be_anywhere() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    check(&mut frontend, "\"𨭎\".len", 7, 4, 7).await;
    check(&mut frontend, "ab", 99, 0, 2).await;
    check(&mut frontend, "ab", -1, 0, 0).await;
    check(&mut frontend, "", 0, 0, 0).await;
}

#[tokio::test]
async fn it_is_answered_while_a_cell_runs() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    let mut cell = frontend.execute("sleep 0.5\necho hi").await;
    cell.recv_busy().await;
    check(&mut frontend, "x", 1, 0, 1).await;
    cell.end().await.is_ok();
}

#[tokio::test]
async fn it_is_answered_while_livy_refuses_or_hangs() {
    let livy = Livy::start().await;
    let mut network = Proxy::to(&livy, Network::Up).await;
    let mut frontend = Frontend::ready("pyspark", &network.url()).await;

    for fault in [Network::Refuses, Network::Hangs] {
        network.set(fault).await;
        check(&mut frontend, "x", 1, 0, 1).await;
    }
}
