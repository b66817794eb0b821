use bytes::Bytes;
use serde_json::json;

use crate::support::{Channel, Connection, Frontend, Livy, Wire};

#[tokio::test]
async fn what_is_no_message_is_ignored_and_the_next_request_is_answered() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    let (_, whole) = frontend.wire.request("shutdown_request", "{\"restart\":false}");
    let (_, forged) = Wire::new("another key").request("shutdown_request", "{}");
    let mut changed = whole.clone();
    changed[5] = Bytes::from_static(b"{\"restart\":true}");
    let mut unsigned = whole.clone();
    unsigned[1] = Bytes::new();
    let mut bad = vec![forged, changed, unsigned];
    bad.extend((1..whole.len()).map(|kept| whole[..kept].to_vec()));
    bad.push(vec![Bytes::new()]);
    bad.push(frontend.wire.sign(&["not JSON", "{}", "{}", "{}"]));
    bad.push(frontend.wire.sign(&["null", "{}", "{}", "{}"]));
    bad.push(frontend.wire.sign(&["{}", "{}", "{}", "{}"]));

    for channel in Channel::BOTH {
        for frames in &bad {
            frontend.send_frames(channel, frames.clone()).await;
        }
        frontend.ask(channel, "kernel_info_request", json!({})).await.is_ok();
    }
    frontend.run("echo hi").await.is_ok();
}

#[tokio::test]
async fn content_that_is_no_json_is_answered_by_an_error() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    for channel in Channel::BOTH {
        let mut request = frontend.send_text(channel, "complete_request", "{\"code\":").await;
        assert_eq!(request.end().await.status(), "error");
    }
}

#[tokio::test]
async fn an_empty_key_means_that_nothing_is_signed() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open_at("pyspark", &livy.url(), Connection::new("")).await;

    frontend.ask(Channel::Control, "kernel_info_request", json!({})).await.is_ok();
    frontend.run("echo hi").await.is_ok();
}
