//! What the routes answer, against what a real Livy 0.9 answered, with a scripted interpreter.

// Clippy sees tests only in functions that are marked so, not in their helpers.
#![allow(clippy::unwrap_used)]

mod client;

use std::time::Duration;

use client::Client;
use livy_local::scripted::Scripted;
use livy_local::{Options, Server, start_with};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

async fn server() -> (Server, Client) {
    let server = start_with(Options::default(), Scripted::default()).await.unwrap();
    let client = Client::of(&server);
    (server, client)
}

/// A server with one session, number 0, that is idle.
async fn session(body: Value) -> (Server, Client) {
    let (server, client) = server().await;
    assert_eq!(client.post("/sessions", &body).await.status, 201);
    client.wait_for("/sessions/0", "idle").await;
    (server, client)
}

async fn pyspark() -> (Server, Client) {
    session(json!({"kind": "pyspark"})).await
}

async fn run(client: &Client, code: &str) -> Value {
    let statement = client.post("/sessions/0/statements", &json!({"code": code})).await.json();
    client.wait_for(&format!("/sessions/0/statements/{}", statement["id"]), "available").await
}

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
async fn a_statement_runs_and_keeps_livys_fields() {
    let (_server, client) = pyspark().await;
    let code = json!({"code": "sleep 0.1\necho 2"});
    let posted = client.post("/sessions/0/statements", &code).await;
    assert_eq!((posted.status, posted.header("location")), (201, Some("/sessions/0/statements/0")));
    let running = posted.json();
    assert_eq!(
        (&running["state"], &running["output"], &running["progress"]),
        (&json!("running"), &json!(null), &json!(0.0))
    );
    client.get("/sessions/0/state").await.check(200, json!({"id": 0, "state": "busy"}));

    let done = client.wait_for("/sessions/0/statements/0", "available").await;
    let fields: Vec<_> = done.as_object().unwrap().keys().cloned().collect();
    assert_eq!(fields, ["code", "completed", "id", "output", "progress", "started", "state"]);
    assert_eq!(
        done["output"],
        json!({"status": "ok", "execution_count": 0, "data": {"text/plain": "2"}})
    );
    assert_eq!(done["progress"], 1.0);
    assert!(done["completed"].as_u64().unwrap() >= done["started"].as_u64().unwrap() + 100);
    client.get("/sessions/0/state").await.check(200, json!({"id": 0, "state": "idle"}));
}

#[tokio::test]
async fn statements_are_listed_in_pages_and_from_either_end() {
    let (_server, client) = pyspark().await;
    client
        .get("/sessions/0/statements")
        .await
        .check(200, json!({"total_statements": 0, "statements": []}));
    for code in ["echo 0", "echo 1", "error ZeroDivisionError division by zero"] {
        run(&client, code).await;
    }
    for (query, ids) in [
        ("", vec![0, 1, 2]),
        ("?from=1&size=1", vec![1]),
        ("?order=desc", vec![2, 1, 0]),
        ("?from=-1&size=2", vec![0]),
    ] {
        let list = client.get(&format!("/sessions/0/statements{query}")).await.json();
        let listed: Vec<_> =
            list["statements"].as_array().unwrap().iter().map(|s| s["id"].clone()).collect();
        assert_eq!(
            (listed, &list["total_statements"]),
            (ids.into_iter().map(Value::from).collect(), &json!(3))
        );
    }
    client.get("/sessions/0/statements/9999").await.check(404, json!("Statement not found"));
}

#[tokio::test]
async fn an_error_is_an_available_statement() {
    let (_server, client) = pyspark().await;
    let output =
        run(&client, "echo lost\nerror ZeroDivisionError division by zero").await["output"].clone();
    assert_eq!(
        output,
        json!({"status": "error", "execution_count": 0, "ename": "ZeroDivisionError", "evalue": "division by zero",
            "traceback": ["Traceback (most recent call last):\n", "ZeroDivisionError: division by zero\n"]})
    );
}

#[tokio::test]
async fn a_waiting_statement_is_cancelled_at_once_and_a_running_one_when_it_ends() {
    let (_server, client) = pyspark().await;
    client.post("/sessions/0/statements", &json!({"code": "sleep 30"})).await;
    client.post("/sessions/0/statements", &json!({"code": "echo queued"})).await;
    let cancelled = client.post("/sessions/0/statements/1/cancel", &json!(null)).await;
    cancelled.check(200, json!({"msg": "canceled"}));
    let queued = client.get("/sessions/0/statements/1").await.json();
    assert_eq!(
        (&queued["state"], &queued["output"], &queued["started"]),
        (&json!("cancelled"), &json!(null), &json!(0))
    );

    client.post("/sessions/0/statements/0/cancel", &json!(null)).await;
    let statement = client.wait_for("/sessions/0/statements/0", "cancelled").await;
    assert_eq!(statement["output"]["status"], "error");
    client.get("/sessions/0/state").await.check(200, json!({"id": 0, "state": "idle"}));
    for finished_or_unknown in [0, 9999] {
        let path = format!("/sessions/0/statements/{finished_or_unknown}/cancel");
        client.post(&path, &json!(null)).await.check(200, json!({"msg": "canceled"}));
    }
}

#[tokio::test]
async fn a_loop_goes_on_and_holds_up_what_waits_behind_it() {
    let (_server, client) = pyspark().await;
    client.post("/sessions/0/statements", &json!({"code": "spin 0.3\necho over"})).await;
    client.post("/sessions/0/statements", &json!({"code": "echo behind"})).await;
    client.post("/sessions/0/statements/0/cancel", &json!(null)).await;
    assert_eq!(client.get("/sessions/0/statements/0").await.json()["state"], "cancelling");
    assert_eq!(client.get("/sessions/0/statements/1").await.json()["state"], "waiting");
    let over = client.wait_for("/sessions/0/statements/0", "cancelled").await;
    assert_eq!(over["output"]["data"], json!({"text/plain": "over"}));
    client.wait_for("/sessions/0/statements/1", "available").await;
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

#[tokio::test]
async fn a_shared_session_wants_the_kind_of_each_statement() {
    let (_server, client) = session(json!({})).await;
    let path = "/sessions/0/statements";
    for (body, reason) in [
        (json!({"code": "1"}), "Code type should be specified if session kind is shared"),
        (json!({"code": "1", "kind": "Spark"}), "Invalid kind: Spark"),
        (json!({"code": "1", "kind": "pyspark3"}), "Invalid kind: pyspark3"),
    ] {
        let refused = client.post(path, &body).await;
        let text = refused.json().as_str().unwrap().to_owned();
        assert_eq!(refused.status, 500);
        assert!(text.starts_with("java.util.concurrent.ExecutionException: "), "{text}");
        assert!(text.ends_with(reason), "{text}");
    }
    assert_eq!(client.post(path, &json!({"code": "echo 1", "kind": "sql"})).await.status, 201);
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
async fn version_and_unknown_routes() {
    let (_server, client) = server().await;
    let version = client.get("/version").await.json();
    assert_eq!(version["version"], "0.9.0-incubating");
    assert_eq!(version.as_object().unwrap().len(), 6);
    let nothing = client.get("/nothing").await;
    assert_eq!((nothing.status, nothing.text.as_str()), (404, ""));
}

#[tokio::test]
async fn only_who_knows_the_token_is_answered() {
    let options = Options { token: Some("secret".into()), ..Options::default() };
    let server = start_with(options, Scripted::default()).await.unwrap();
    let authority = Client::of(&server).authority;
    let status = async |headers: &str| {
        let client = Client { authority: authority.clone(), headers: headers.to_owned() };
        client.get("/sessions").await.status
    };
    assert_eq!(status("Host: localhost\r\nAuthorization: Bearer secret\r\n").await, 200);
    // user:secret
    assert_eq!(status("Host: localhost\r\nAuthorization: Basic dXNlcjpzZWNyZXQ=\r\n").await, 200);
    assert_eq!(status("Host: localhost\r\nAuthorization: Bearer wrong\r\n").await, 401);
    assert_eq!(status("Host: localhost\r\n").await, 401);
    assert_eq!(status("Host: evil.example\r\nAuthorization: Bearer secret\r\n").await, 403);

    let stranger =
        Client { authority: authority.clone(), headers: "Host: localhost\r\n".to_owned() };
    let refused = stranger.get("/nothing").await;
    assert_eq!(
        (refused.status, refused.header("www-authenticate")),
        (401, Some("basic realm=\"livy-local\""))
    );
    assert!(refused.json()["msg"].is_string());
}

#[tokio::test]
async fn what_changes_something_needs_the_header_of_a_program() {
    let (server, client) = server().await;
    let headers =
        format!("Host: {}\r\nAuthorization: Bearer {}\r\n", client.authority, server.token());
    let form = Client { authority: client.authority.clone(), headers };
    let words = json!({"msg": "Missing Required Header for CSRF protection."});
    form.post("/sessions", &json!({})).await.check(400, words.clone());
    form.delete("/sessions/0").await.check(400, words);
    assert_eq!(form.get("/sessions").await.status, 200);
}

#[tokio::test]
async fn a_request_may_have_64_mib_and_any_content_type() {
    let (_server, mut client) = pyspark().await;
    client.headers += "Content-Type: text/plain\r\n";
    assert_eq!(client.post("/sessions", &json!({"kind": "pyspark"})).await.status, 201);
    client.headers += "Content-Length: 67108865\r\n";
    let refused = client.send_head("POST", "/sessions/0/statements").await;
    assert_eq!(refused.status, 413);
    let words = refused.json()["msg"].as_str().unwrap().to_owned();
    assert!(words.starts_with("The request is larger than 64 MiB."), "{words}");
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

#[tokio::test]
async fn another_user_may_be_named_and_is_not_obeyed() {
    let (_server, client) = server().await;
    let created = client.post("/sessions?doAs=alice", &json!({"proxyUser": "bob"})).await;
    assert_eq!((created.status, &created.json()["proxyUser"]), (201, &json!(null)));
    assert_eq!(client.get("/sessions?doAs=alice").await.json()["total"], 1);
}

#[test]
fn secrets_are_not_in_debug_output() {
    let options = Options { token: Some("secret".into()), ..Options::default() };
    assert!(!format!("{options:?}").contains("secret"));
}

#[tokio::test]
async fn a_job_is_sent_and_its_end_is_told_once() {
    let (_server, client) = pyspark().await;
    let body = json!({"job": "Lg==", "jobType": "pyspark"});
    for (id, route) in [(1, "submit-job"), (2, "run-job")] {
        client
            .post(&format!("/sessions/0/{route}"), &body)
            .await
            .check(201, json!({"id": id, "state": "SENT", "result": null, "error": null}));
        let job = format!("/sessions/0/jobs/{id}");
        let ended = client.wait_for(&job, "SUCCEEDED").await;
        assert_eq!(ended, json!({"id": id, "state": "SUCCEEDED", "result": "Lg==", "error": null}));
        let again = client.get(&job).await;
        assert_eq!(again.status, 500);
        assert!(again.text.contains("RpcException: java.util.NoSuchElementException"), "{again:?}");
    }
}

#[tokio::test]
async fn a_job_that_makes_no_sense_is_refused_as_livy_does() {
    let (_server, client) = pyspark().await;
    let no_job = json!({"msg": "requirement failed: no job provided."});
    let submit = "/sessions/0/submit-job";
    client.post(submit, &json!({"job": "", "jobType": "pyspark"})).await.check(400, no_job.clone());
    client.post(submit, &json!({"jobType": "pyspark"})).await.check(400, no_job);
    let unknown = client.post(submit, &json!({"job": "Lg==", "foo": 1})).await;
    assert_eq!(unknown.status, 400);
    assert!(unknown.text.contains("HttpMessages$SerializedJob"), "{unknown:?}");
    assert_eq!(client.post(submit, &json!({"job": "%"})).await.status, 400);
    client
        .get("/sessions/0/jobs/9999")
        .await
        .check(500, json!("java.util.NoSuchElementException: key not found: 9999"));
    let no_number = json!({"msg": "For input string: \"abc\""});
    client.get("/sessions/0/jobs/abc").await.check(400, no_number);
}

#[tokio::test]
async fn cancelling_a_job_answers_nothing_even_if_there_is_none() {
    let (_server, client) = pyspark().await;
    let cancelled = client.post("/sessions/0/jobs/9999/cancel", &json!({})).await;
    assert_eq!((cancelled.status, cancelled.text.as_str()), (200, ""));
    assert_eq!(cancelled.header("content-type"), Some("application/json;charset=utf-8"));
}

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
