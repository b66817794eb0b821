use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::support::server;

#[tokio::test]
async fn a_batch_runs_and_shows_its_log() {
    let (_server, client) = server().await;
    let body = json!({"file": "/job.py", "args": ["echo hello", "sleep 0.05"], "name": "nightly"});
    let created = client.post("/batches", &body).await;
    assert_eq!(created.header("location"), Some("/batches/0"));
    created.check(
        201,
        json!({"id": 0, "name": "nightly", "owner": null, "proxyUser": null, "state": "starting",
            "appId": null, "log": ["stdout: ", "\nstderr: "],
            "appInfo": {"driverLogUrl": null, "sparkUiUrl": null, "executorLogUrls": null}}),
    );
    client.wait_for("/batches/nightly", "success").await;
    client.get("/batches/0/state").await.check(200, json!({"id": 0, "state": "success"}));
    let log = json!({"id": 0, "from": 0, "total": 3, "log": ["stdout: ", "hello", "\nstderr: "]});
    client.get("/batches/0/log").await.check(200, log);
    let tail = json!({"id": 0, "from": 2, "total": 3, "log": ["\nstderr: "]});
    client.get("/batches/0/log?from=-1&size=1").await.check(200, tail);

    let list = client.get("/batches").await.json();
    assert_eq!((&list["total"], &list["sessions"][0]["name"]), (&json!(1), &json!("nightly")));
    client.delete("/batches/0").await.check(200, json!({"msg": "deleted"}));
    client.get("/batches/0").await.check(404, json!({"msg": "Session '0' not found."}));
}

#[tokio::test]
async fn a_batch_that_fails_is_dead_and_one_that_runs_can_be_deleted() {
    let (_server, client) = server().await;
    client.post("/batches", &json!({"file": "/bad.py", "args": ["error E boom"]})).await;
    while client.get("/batches/0").await.json()["state"] != "dead" {
        sleep(Duration::from_millis(5)).await;
    }
    client.post("/batches", &json!({"file": "/long.py", "args": ["sleep 60"]})).await;
    client.wait_for("/batches/1", "running").await;
    let began = Instant::now();
    client.delete("/batches/1").await.check(200, json!({"msg": "deleted"}));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_batch_that_makes_no_sense_is_refused_and_uses_up_a_number() {
    let (_server, client) = server().await;
    for (body, reason) in [
        (json!({}), "requirement failed: File is required."),
        (json!({"file": "job.py"}), "requirement failed: Path 'job.py' is not absolute."),
    ] {
        let refusal = json!({"msg": format!("Rejected, Reason: {reason}")});
        client.post("/batches", &body).await.check(400, refusal);
    }
    let body = json!({"file": "/job.py", "name": "nightly", "args": ["sleep 60"]});
    assert_eq!(client.post("/batches", &body).await.json()["id"], 2);
    let duplicate = "Rejected, Reason: Duplicate session name: Some(nightly) for session 3";
    client.post("/batches", &body).await.check(400, json!({"msg": duplicate}));
    let unknown = client.post("/batches", &json!({"file": "/x", "foo": 1})).await;
    assert!(unknown.text.contains("CreateBatchRequest"), "{unknown:?}");
    client.get("/batches/77/log").await.check(404, json!({"msg": "Session '77' not found."}));
}
