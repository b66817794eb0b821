use livy_local::{Options, scripted::Scripted, start_with};
use serde_json::json;

use crate::{
    client::Client,
    support::{pyspark, server},
};

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

#[test]
fn secrets_are_not_in_debug_output() {
    let options = Options { token: Some("secret".into()), ..Options::default() };
    assert!(!format!("{options:?}").contains("secret"));
}
