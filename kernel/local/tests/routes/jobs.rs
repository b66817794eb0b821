use serde_json::json;

use crate::support::pyspark;

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
