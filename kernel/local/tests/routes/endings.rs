use std::time::Duration;

use livy_local::{Options, scripted::Scripted, start_with};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    client::Client,
    support::{pyspark, server, session},
};

#[tokio::test]
async fn a_session_whose_interpreter_died_is_dead() {
    let (_server, client) = pyspark().await;
    client.post("/sessions/0/statements", &json!({"code": "die"})).await;
    client.wait_for("/sessions/0/state", "dead").await;
    client.get("/sessions/0/state").await.check(200, json!({"id": 0, "state": "dead"}));
    client
        .get("/sessions/0/statements/0")
        .await
        .check(400, json!({"msg": "requirement failed: Session isn't active."}));
    let refused = client.post("/sessions/0/statements", &json!({"code": "1"})).await;
    refused.check(500, json!("java.lang.IllegalStateException: Session is in state dead"));
    assert_eq!(client.get("/sessions/0/log").await.status, 200);
    client.delete("/sessions/0").await.check(200, json!({"msg": "deleted"}));
}

#[tokio::test]
async fn a_session_that_still_starts_takes_no_statements() {
    let launcher = Scripted { start_delay: Duration::from_secs(60) };
    let server = start_with(Options::default(), launcher).await.unwrap();
    let client = Client::of(&server);
    client.post("/sessions", &json!({"kind": "pyspark"})).await;
    let refused = client.post("/sessions/0/statements", &json!({"code": "1"})).await;
    refused.check(500, json!("java.lang.IllegalStateException: Session is in state starting"));
    let began = Instant::now();
    server.stop().await;
    assert!(began.elapsed() < Duration::from_secs(5), "stopping waits for no start");
}

#[tokio::test]
async fn a_client_that_falls_silent_loses_its_session() {
    let (_server, client) = session(json!({"heartbeatTimeoutInSecond": 1})).await;
    sleep(Duration::from_millis(500)).await;
    assert_eq!(client.get("/sessions/0").await.status, 200);
    sleep(Duration::from_millis(3500)).await;
    client.get("/sessions/0").await.check(404, json!({"msg": "Session '0' not found."}));
}

#[tokio::test]
async fn a_session_ends_when_its_time_is_over_or_nothing_is_asked_of_it() {
    let (_server, client) = server().await;
    let limits = [json!({"ttl": "2s"}), json!({"idleTimeout": "2s"}), json!({"idleTimeout": "2s"})];
    for limit in limits {
        assert_eq!(client.post("/sessions", &limit).await.status, 201);
    }
    for _ in 0..10 {
        sleep(Duration::from_millis(400)).await;
        client.get("/sessions/1").await;
        client.post("/sessions/2/connect", &json!(null)).await;
    }
    for gone in [0, 1] {
        let words = json!({"msg": format!("Session '{gone}' not found.")});
        client.get(&format!("/sessions/{gone}")).await.check(404, words);
    }
    client.get("/sessions/2/state").await.check(200, json!({"id": 2, "state": "idle"}));
}
