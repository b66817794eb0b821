use std::collections::HashSet;

use serde_json::{Value, json};

use crate::support::{Channel, Frontend, Livy};

/// Sends a request on both channels; it must be busy, answered and idle, each once.
async fn is_busy_then_idle_once(msg_type: &str, content: Value, status: &str) {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;
    for channel in Channel::BOTH {
        let mut request = frontend.send(channel, msg_type, content.clone()).await;
        let done = request.end().await;
        assert_eq!(done.status(), status, "{done:#?}");
        frontend.ask(channel, "kernel_info_request", json!({})).await.is_ok();
        request.is_over();
    }
}

/// The same for what the protocol has no reply to.
async fn is_busy_then_idle_without_a_reply(msg_type: &str, content: Value) {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;
    for channel in Channel::BOTH {
        let mut request = frontend.send(channel, msg_type, content.clone()).await;
        assert!(request.end_without_reply().await.is_empty());
        frontend.ask(channel, "kernel_info_request", json!({})).await.is_ok();
        request.is_over();
    }
}

#[tokio::test]
async fn the_first_message_is_the_welcome() {
    let livy = Livy::start().await;
    let frontend = Frontend::open("pyspark", &livy.url()).await;

    let welcome = &frontend.everything()[0];
    assert_eq!(welcome.msg_type(), "iopub_welcome");
    assert_eq!(welcome.content, json!({"subscription": ""}));
    assert_eq!(welcome.parent_header, json!({}));
    assert_eq!(welcome.topic, [""]);
}

#[tokio::test]
async fn kernel_info_is_busy_then_idle() {
    is_busy_then_idle_once("kernel_info_request", json!({}), "ok").await;
}

#[tokio::test]
async fn execute_is_busy_then_idle() {
    is_busy_then_idle_once("execute_request", json!({"code": "echo hi"}), "ok").await;
}

#[tokio::test]
async fn is_complete_is_busy_then_idle() {
    is_busy_then_idle_once("is_complete_request", json!({"code": "1"}), "complete").await;
}

#[tokio::test]
async fn history_is_busy_then_idle() {
    is_busy_then_idle_once("history_request", json!({"hist_access_type": "tail"}), "ok").await;
}

#[tokio::test]
async fn inspect_is_busy_then_idle() {
    is_busy_then_idle_once("inspect_request", json!({"code": "x", "cursor_pos": 1}), "ok").await;
}

#[tokio::test]
async fn comm_info_is_busy_then_idle() {
    is_busy_then_idle_once("comm_info_request", json!({}), "ok").await;
}

#[tokio::test]
async fn complete_is_busy_then_idle() {
    is_busy_then_idle_once("complete_request", json!({"code": "x", "cursor_pos": 1}), "ok").await;
}

#[tokio::test]
async fn interrupt_is_busy_then_idle() {
    is_busy_then_idle_once("interrupt_request", json!({}), "ok").await;
}

#[tokio::test]
async fn a_message_about_an_unknown_comm_is_busy_then_idle() {
    is_busy_then_idle_without_a_reply("comm_msg", json!({"comm_id": "c", "data": {}})).await;
    is_busy_then_idle_without_a_reply("comm_close", json!({"comm_id": "c", "data": {}})).await;
}

#[tokio::test]
async fn an_unknown_request_is_busy_then_idle_without_a_reply() {
    for msg_type in ["create_subshell_request", "usage_request", "debug_request", "nonsense"] {
        is_busy_then_idle_without_a_reply(msg_type, json!({})).await;
    }
}

#[tokio::test]
async fn content_that_makes_no_sense_is_answered_by_an_error() {
    let requests = [
        ("execute_request", json!({"code": 7})),
        ("execute_request", json!([])),
        ("is_complete_request", json!({"code": 7})),
        ("complete_request", json!({"code": 7})),
        ("history_request", json!({"hist_access_type": "sideways"})),
        ("shutdown_request", json!({"restart": "perhaps"})),
    ];
    for (msg_type, content) in requests {
        is_busy_then_idle_once(msg_type, content, "error").await;
    }
}

#[tokio::test]
async fn content_may_be_empty() {
    for msg_type in ["execute_request", "history_request", "inspect_request", "complete_request"] {
        is_busy_then_idle_once(msg_type, json!({}), "ok").await;
    }
}

#[tokio::test]
async fn one_session_speaks_on_all_channels_and_no_message_has_anothers_id() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;
    frontend.ask_all_but_cells().await;
    frontend.run("echo hi").await.is_ok();
    frontend.run("error E e").await.error();

    let everything = frontend.everything();
    let texts = |field: &str| -> HashSet<String> {
        everything.iter().map(|message| message.header[field].as_str().unwrap().into()).collect()
    };
    assert_eq!(texts("session").len(), 1);
    assert_eq!(texts("msg_id").len(), everything.len());
    assert_eq!(texts("version"), HashSet::from(["5.5".to_owned()]));
    assert!(everything.iter().all(|message| message.parent_header.is_object()));
    // Jupyter reads a date only if it is written like 2026-11-24T16:34:15.448689Z.
    assert!(everything.iter().all(|message| message.date().len() == 27));
    assert!(everything.iter().all(|message| message.date().ends_with('Z')));
}
