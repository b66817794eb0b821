use std::time::Duration;

use crate::support::{Answer, Asked, Fault, Frontend, Livy, Network, Proxy};

#[tokio::test]
async fn the_start_is_one_display_that_changes() {
    let livy = Livy::slow(Duration::from_millis(1500)).await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    let done = frontend.run("echo hi").await;
    assert_eq!(done.text(), "hi");
    let [_input, display, updates @ .., _text] = &done.published[..] else { panic!("{done:#?}") };
    assert_eq!(display.msg_type(), "display_data");
    let id = &display.content["transient"]["display_id"];
    assert!(id.is_string(), "{id}");
    assert!(!updates.is_empty(), "it does not change");
    for update in updates {
        assert_eq!(update.msg_type(), "update_display_data");
        assert_eq!(update.content["transient"]["display_id"], *id);
        assert!(update.content["data"]["text/html"].is_string(), "{}", update.content);
    }
    let texts: Vec<_> = [display]
        .into_iter()
        .chain(updates)
        .map(|notice| notice.content["data"]["text/plain"].as_str().unwrap())
        .collect();
    let address = format!("http://127.0.0.1:{}", livy.port());
    assert!(texts.iter().any(|text| text.contains(&address) && text.contains("is starting")));
    assert!(texts.last().unwrap().contains("application scripted-0"), "{texts:#?}");
}

#[tokio::test]
async fn a_property_that_an_older_livy_does_not_know_is_named() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Up).await;
    // As Livy 0.7 answers.
    let refusal = r#""Unrecognized field \"ttl\" (class org.apache.livy.server.interactive.CreateInteractiveRequest)""#;
    network.once(Asked::NewSession, Fault::Answer(Answer::json(refusal).of_status(400)));
    let mut frontend = Frontend::open("pyspark", &network.url()).await;

    let failed = frontend.run("echo one").await;
    failed
        .error()
        .says("SessionStartError", &["does not know the session property ttl,", "Take it out"]);
    assert_eq!(frontend.run("echo two").await.text(), "two");
}

#[tokio::test]
async fn later_cells_use_the_same_session_and_say_nothing_of_it() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    frontend.run("echo one").await.is_ok();
    assert_eq!(frontend.run("echo two").await.text(), "two");
    assert_eq!(livy.sessions().await.len(), 1);
    assert_eq!(livy.statements().await, 2);
}

#[tokio::test]
async fn no_session_is_asked_for_before_a_cell_needs_one() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    frontend.ask_all_but_cells().await;
    assert!(livy.sessions().await.is_empty());
}

#[tokio::test]
async fn a_session_has_its_kernels_kind_a_name_and_a_heartbeat() {
    let livy = Livy::start().await;
    for kind in ["pyspark", "spark", "sparkr", "sql"] {
        let _frontend = Frontend::ready(kind, &livy.url()).await;
        let session = livy.sessions().await.pop().unwrap();
        assert_eq!(session.kind.as_deref(), Some(kind));
        assert!(session.name.unwrap().starts_with("livy-kernel-"));
        let timeout = session.other["heartbeatTimeoutInSecond"].as_u64();
        assert!(timeout.is_some_and(|seconds| (30..=600).contains(&seconds)), "{timeout:?}");
    }
}
