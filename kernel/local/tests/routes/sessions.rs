use serde_json::json;

use crate::support::{pyspark, run, server, session};

#[tokio::test]
async fn a_created_session_has_livys_fields() {
    let (_server, client) = server().await;
    let body = json!({"kind": "pyspark", "name": "lifecycle", "conf": {"spark.ui.showConsoleProgress": "false"},
        "heartbeatTimeoutInSecond": 300, "ttl": "2h", "idleTimeout": "1h"});
    let created = client.post("/sessions", &body).await;
    assert_eq!(created.header("location"), Some("/sessions/0"));
    assert_eq!(created.header("content-type"), Some("application/json;charset=utf-8"));
    created.check(
        201,
        json!({"id": 0, "name": "lifecycle", "appId": null, "owner": null, "proxyUser": null, "state": "starting",
            "kind": "pyspark", "appInfo": {"driverLogUrl": null, "sparkUiUrl": null, "executorLogUrls": null},
            "log": ["stdout: ", "\nstderr: "], "ttl": "2h", "idleTimeout": "1h", "driverMemory": null,
            "driverCores": 0, "executorMemory": null, "executorCores": 0,
            "conf": {"spark.ui.showConsoleProgress": "false"}, "archives": [], "files": [],
            "heartbeatTimeoutInSecond": 300, "jars": [], "numExecutors": 0, "pyFiles": [], "queue": null}),
    );
}

#[tokio::test]
async fn a_session_is_found_by_number_and_by_name() {
    let (_server, client) = session(json!({"name": "mine"})).await;
    for path in ["/sessions/0", "/sessions/mine"] {
        let found = client.get(path).await.json();
        assert_eq!(
            (&found["id"], &found["name"], &found["kind"]),
            (&json!(0), &json!("mine"), &json!("shared"))
        );
    }
    client.get("/sessions/mine/state").await.check(200, json!({"id": 0, "state": "idle"}));
    assert_eq!(client.post("/sessions/0/connect", &json!({})).await.json()["id"], 0);
    let list = client.get("/sessions?from=0&size=1").await.json();
    assert_eq!(
        (&list["from"], &list["total"], &list["sessions"][0]["id"]),
        (&json!(0), &json!(1), &json!(0))
    );
    assert_eq!(client.get("/sessions?from=1").await.json()["sessions"], json!([]));
}

#[tokio::test]
async fn a_deleted_session_is_not_found() {
    let (_server, client) = pyspark().await;
    client.delete("/sessions/0").await.check(200, json!({"msg": "deleted"}));
    for path in ["/sessions/0", "/sessions/0/state", "/sessions/0/log", "/sessions/0/statements/0"]
    {
        client.get(path).await.check(404, json!({"msg": "Session '0' not found."}));
    }
    client.get("/sessions/nope").await.check(404, json!({"msg": "Session 'nope' not found."}));
    let statement = json!({"code": "1"});
    client
        .post("/sessions/0/statements", &statement)
        .await
        .check(404, json!({"msg": "Session '0' not found."}));
}

#[tokio::test]
async fn the_log_is_paged_from_the_end() {
    let (_server, client) = pyspark().await;
    run(&client, "log one\nlog two").await;
    let whole =
        json!({"id": 0, "from": 0, "total": 4, "log": ["stdout: ", "\nstderr: ", "one", "two"]});
    client.get("/sessions/0/log").await.check(200, whole);
    let tail = json!({"id": 0, "from": 3, "total": 4, "log": ["two"]});
    client.get("/sessions/0/log?from=-1&size=1").await.check(200, tail);
    let head = json!({"id": 0, "from": 0, "total": 4, "log": ["stdout: "]});
    client.get("/sessions/0/log?from=0&size=1").await.check(200, head);
}

#[tokio::test]
async fn bad_bodies_are_refused_as_livy_refuses_them() {
    let (_server, client) = session(json!({"kind": "pyspark", "name": "probe"})).await;
    let text = async |path, body| {
        let answer = client.send("POST", path, body).await;
        (answer.status, answer.json().as_str().unwrap_or_default().to_owned())
    };
    let reference = "org.apache.livy.server.interactive.CreateInteractiveRequest[\"kind\"]";
    assert_eq!(
        text("/sessions", r#"{"kind": "cobol"}"#).await,
        (400, format!("Invalid kind: cobol (through reference chain: {reference})"))
    );
    assert_eq!(text("/sessions", r#"{"kind":"#).await.0, 400);
    let (status, unknown) = text("/sessions", r#"{"kind": "pyspark", "noSuchField": 1}"#).await;
    assert_eq!(status, 400);
    assert!(
        unknown.starts_with("Unrecognized field \"noSuchField\" (class org.apache.livy"),
        "{unknown}"
    );
    let (status, cast) = text("/sessions", r#"{"kind": "pyspark", "driverCores": "two"}"#).await;
    assert!(status == 500 && cast.starts_with("java.lang.ClassCastException: "), "{cast}");
    assert_eq!(text("/sessions/0/statements", "not json").await.0, 400);
    assert_eq!(text("/sessions/0/statements", "{}").await.0, 500);
    assert_eq!(text("/sessions/0/statements", r#"{"code": "1", "kind": "cobol"}"#).await.0, 500);

    let refused = client.post("/sessions", &json!({"ttl": "soon"})).await;
    refused.check(400, json!({"msg": "Rejected, Reason: Invalid time string: soon"}));
    let refused = client.post("/sessions", &json!({"name": "probe"})).await;
    refused.check(
        400,
        json!({"msg": "Rejected, Reason: Duplicate session name: Some(probe) for session 1"}),
    );
    let refused = client.get("/sessions/0/log?from=x").await;
    refused.check(400, json!({"msg": "For input string: \"x\""}));
}

#[tokio::test]
async fn at_most_thirty_two_sessions_run_at_once() {
    let (_server, client) = server().await;
    for _ in 0..32 {
        assert_eq!(client.post("/sessions", &json!({"kind": "pyspark"})).await.status, 201);
    }
    let words = json!({"msg": "Rejected, too many sessions are being created!"});
    client.post("/sessions", &json!({"kind": "pyspark"})).await.check(400, words);
    client.delete("/sessions/3").await;
    assert_eq!(client.post("/sessions", &json!({"kind": "pyspark"})).await.status, 201);
}

#[tokio::test]
async fn another_user_may_be_named_and_is_not_obeyed() {
    let (_server, client) = server().await;
    let created = client.post("/sessions?doAs=alice", &json!({"proxyUser": "bob"})).await;
    assert_eq!((created.status, &created.json()["proxyUser"]), (201, &json!(null)));
    assert_eq!(client.get("/sessions?doAs=alice").await.json()["total"], 1);
}
