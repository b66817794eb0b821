//! A Livy that does what a test wants.

use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::Path, http::StatusCode, routing::get};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

use crate::support::SECRET;

/// Serves; yields a `LIVY_URL`.
pub async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://livy:{SECRET}@{address}")
}

/// What a server says of a batch when its log is looked at: its state, and the log.
pub type Look = (&'static str, Vec<String>);

/// A server with a batch 3 that is found so at each look; the last look is for ever.
pub fn batch(looks: Vec<Look>) -> Router {
    let looks = Arc::new(Mutex::new(looks.into_iter()));
    let now = Arc::new(Mutex::new(("starting", Vec::new())));
    let next = {
        let now = now.clone();
        move || {
            let mut looks = looks.lock().unwrap();
            let look = looks.next().unwrap_or_else(|| now.lock().unwrap().clone());
            *now.lock().unwrap() = look.clone();
            look
        }
    };
    let log = move || async move {
        let log = next().1;
        Json(json!({"id": 3, "from": 0, "total": log.len(), "log": log}))
    };
    let show = move || async move { Json(json!({"id": 3, "state": now.lock().unwrap().0})) };
    Router::new().route("/batches/3", get(show)).route("/batches/3/log", get(log))
}

/// Livy's log of these lines.
pub fn log(stdout: &[&str], stderr: &[&str]) -> Vec<String> {
    let lines = [&["stdout: "], stdout, &["\nstderr: "], stderr].concat();
    lines.into_iter().map(str::to_owned).collect()
}

/// A server on which all sessions and batches are as this says, and only these can be deleted.
pub fn all_like(one: Value, deletable: &'static [&'static str]) -> Router {
    let page = json!({"from": 0, "total": 1, "sessions": [one.clone()]});
    let list = get(move || async move { Json(page) });
    let delete = move |Path(id): Path<String>| async move {
        match deletable.contains(&&*id) {
            true => (StatusCode::OK, Json(json!({"msg": "deleted"}))),
            false => {
                let msg = format!("Session '{id}' not found.");
                (StatusCode::NOT_FOUND, Json(json!({ "msg": msg })))
            }
        }
    };
    let created = one.clone();
    let create = move || async move { (StatusCode::CREATED, Json(created)) };
    let item = get(move || async move { Json(one) }).delete(delete);
    Router::new()
        .route("/sessions", list.clone())
        .route("/sessions/{id}", item.clone())
        .route("/batches", list.post(create))
        .route("/batches/{id}", item)
}

/// A proxy that leads every `CONNECT` to this port; yields its address.
pub async fn tunnel_to(port: u16) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await.unwrap());
                }
                assert!(head.starts_with(b"CONNECT livy.example:"));
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    format!("http://{address}")
}
