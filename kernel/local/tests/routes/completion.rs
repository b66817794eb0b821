use serde_json::json;

use crate::support::{pyspark, session};

#[tokio::test]
async fn completion_wants_a_kind_and_offers_scala_only() {
    let (_server, client) = pyspark().await;
    let path = "/sessions/0/completion";
    for cursor in [json!(8), json!("8")] {
        let body = json!({"code": "spark.ra", "cursor": cursor, "kind": "pyspark"});
        client.post(path, &body).await.check(200, json!({"candidates": []}));
    }
    let refused = client.post(path, &json!({"code": "spark.ra", "cursor": 8})).await;
    assert_eq!(refused.status, 500);
    assert!(
        refused
            .json()
            .as_str()
            .unwrap()
            .ends_with("java.lang.IllegalArgumentException: Invalid kind: null")
    );
}

#[tokio::test]
async fn scala_is_completed_while_a_statement_runs() {
    let (_server, client) = session(json!({"kind": "spark"})).await;
    let slow = client.post("/sessions/0/statements", &json!({"code": "sleep 60"})).await;
    for cursor in [json!(8), json!("8")] {
        let body = json!({"code": "spark.ra(5)", "cursor": cursor, "kind": "spark"});
        let completed = client.post("/sessions/0/completion", &body).await;
        completed.check(200, json!({"candidates": ["spark.ra"]}));
    }
    assert_eq!(client.get(slow.header("location").unwrap()).await.json()["state"], "running");
}

#[tokio::test]
async fn whoever_waits_for_a_completion_is_told_that_the_session_ended() {
    let (_server, client) = session(json!({"kind": "spark"})).await;
    let complete = async || {
        let body = json!({"code": "hang", "cursor": 4, "kind": "spark"});
        client.post("/sessions/0/completion", &body).await.status
    };
    let end = async || {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        client.delete("/sessions/0").await.status
    };
    assert_eq!(tokio::join!(complete(), end()), (400, 200));
}
