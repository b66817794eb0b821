use std::collections::HashSet;

use serde_json::json;

use crate::support::{Channel, Frontend, Livy};

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
async fn each_later_subscriber_is_welcomed_first() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    let mut cell = frontend.execute("sleep 0.5\necho hi").await;
    for topic in ["", "kernel."] {
        let mut late = frontend.subscribe(topic).await;
        // Whether it gets something of this depends on which comes first; the welcome always does.
        frontend.ask(Channel::Control, "kernel_info_request", json!({})).await.is_ok();
        let first = late.recv().await.unwrap();
        assert_eq!(first.msg_type(), "iopub_welcome");
        assert_eq!(first.content, json!({"subscription": topic}));
        frontend.ask(Channel::Control, "kernel_info_request", json!({})).await.is_ok();
        assert_ne!(late.recv().await.unwrap().msg_type(), "iopub_welcome");
    }
    assert_eq!(cell.end().await.text(), "hi");
}

#[tokio::test]
async fn all_channels_share_a_session_and_message_ids_are_unique() {
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
