use serde_json::{Value, json};

use crate::support::{pyspark, run, session};

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
