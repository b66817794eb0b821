use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Asked, Channel, Fault, Frontend, Livy, Network, Proxy};

/// Runs a silent cell behind a network that treats the polls so; returns them, and the time beside the cell.
async fn polls_of(seconds: f64, fault: Option<Fault>) -> (usize, Duration) {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Up).await;
    let mut frontend = Frontend::ready("pyspark", &network.url()).await;
    frontend.run("echo hi").await.is_ok();
    if let Some(fault) = fault {
        network.always(Asked::Statement, fault);
    }
    let (before, begun) = (network.count(Asked::Statement), Instant::now());
    frontend.run(&format!("sleep {seconds}")).await.is_ok();
    let beside = begun.elapsed().saturating_sub(Duration::from_secs_f64(seconds));
    (network.count(Asked::Statement) - before, beside)
}

#[tokio::test]
async fn a_silent_cell_costs_few_requests_and_ends_soon() {
    let (polls, beside) = polls_of(3.3, None).await;
    assert!(polls <= 45, "{polls} polls");
    assert!(beside <= Duration::from_millis(400), "{beside:?}");
}

#[tokio::test]
async fn a_server_that_is_slow_to_answer_is_asked_less_often() {
    let slow = Fault::Trickle { pieces: 1, pause: Duration::from_millis(400) };
    let (polls, _) = polls_of(4.0, Some(slow)).await;
    assert!((3..=6).contains(&polls), "{polls} polls");
}

#[tokio::test]
async fn counts_start_at_one_and_grow_with_each_cell() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    for count in 1..=3 {
        let done = frontend.run("echo hi").await;
        assert_eq!(done.published[0].content["execution_count"], count);
        assert_eq!(done.reply.content["execution_count"], count);
    }
    assert_eq!(frontend.run("error E e").await.reply.content["execution_count"], 4);
}

#[tokio::test]
async fn a_silent_request_publishes_only_its_status_and_is_not_counted() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;
    frontend.run("echo hi").await.is_ok();

    for code in ["echo hi", "json {\"image/png\": \"iVBORw0KGgo=\"}", "error ValueError x"] {
        let done = frontend.run_with(code, json!({"silent": true, "store_history": true})).await;
        assert!(done.published.is_empty(), "{done:#?}");
        assert_eq!(done.reply.content["execution_count"], 1);
    }
    assert_eq!(livy.codes().await, ["echo ready", "echo hi"]);
    assert_eq!(frontend.run("echo hi").await.reply.content["execution_count"], 2);
}

#[tokio::test]
async fn a_cell_without_history_is_neither_counted_nor_kept() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;
    frontend.run("echo kept").await.is_ok();

    let done = frontend.run_with("echo passing", json!({"store_history": false})).await;
    assert_eq!(done.text(), "passing");
    assert_eq!(done.reply.content["execution_count"], 1);
    assert_eq!(frontend.run("echo kept too").await.reply.content["execution_count"], 2);

    let tail = json!({"hist_access_type": "tail", "n": 10});
    let history = frontend.ask(Channel::Shell, "history_request", tail).await;
    let kept = json!([[1, 1, "echo kept"], [1, 2, "echo kept too"]]);
    assert_eq!(history.reply.content["history"], kept);
}
