use livy_local::{Options, Server, scripted::Scripted, start_with};
use serde_json::{Value, json};

use crate::client::Client;

pub async fn server() -> (Server, Client) {
    let server = start_with(Options::default(), Scripted::default()).await.unwrap();
    let client = Client::of(&server);
    (server, client)
}

/// Starts a server with one idle session, number 0.
pub async fn session(body: Value) -> (Server, Client) {
    let (server, client) = server().await;
    assert_eq!(client.post("/sessions", &body).await.status, 201);
    client.wait_for("/sessions/0", "idle").await;
    (server, client)
}

pub async fn pyspark() -> (Server, Client) {
    session(json!({"kind": "pyspark"})).await
}

pub async fn run(client: &Client, code: &str) -> Value {
    let statement = client.post("/sessions/0/statements", &json!({"code": code})).await.json();
    client.wait_for(&format!("/sessions/0/statements/{}", statement["id"]), "available").await
}
