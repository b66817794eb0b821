use serde_json::json;

use crate::support::pyspark;

const ADD_FILE: &str = "/sessions/0/add-file";

#[tokio::test]
async fn adding_a_file_answers_nothing() {
    let (_server, client) = pyspark().await;
    let added = client.post(ADD_FILE, &json!({"uri": "hdfs:/data/a.txt"})).await;
    assert_eq!((added.status, added.text.as_str()), (200, ""));
    assert_eq!(added.header("content-type"), Some("application/json;charset=utf-8"));
}

#[tokio::test]
async fn a_file_of_the_servers_machine_is_refused_as_livy_does() {
    let (_server, client) = pyspark().await;
    let refused = "requirement failed: Local path /etc/passwd cannot be added to user sessions.";
    for uri in ["/etc/passwd", "file:/etc/passwd"] {
        client.post(ADD_FILE, &json!({"uri": uri})).await.check(400, json!({"msg": refused}));
    }
}

#[tokio::test]
async fn a_request_for_a_file_that_makes_no_sense_is_refused_as_livy_does() {
    let (_server, client) = pyspark().await;
    let unknown = client.post(ADD_FILE, &json!({"x": 1})).await;
    assert_eq!(unknown.status, 400);
    assert!(unknown.text.contains("HttpMessages$AddResource"), "{unknown:?}");
    let none = client.post(ADD_FILE, &json!({})).await;
    assert_eq!(none.status, 500);
    assert!(none.text.contains("NullPointerException"), "{none:?}");
    assert_eq!(client.post("/sessions/9/add-file", &json!({"uri": "hdfs:/f"})).await.status, 404);
}
