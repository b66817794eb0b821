use std::time::Duration;

use livy_client::SessionState;

use crate::support::{Answer, Asked, Done, Fault, Frontend, Livy, Network, Proxy};

const EAGER: &[(&str, &str)] = &[("LIVY_START", "eager")];

/// Starts a kernel whose session starts with it.
async fn open(livy_url: &str) -> Frontend {
    Frontend::open_with("pyspark", livy_url, EAGER).await
}

/// Waits until its one session takes statements.
async fn until_idle(livy: &Livy) {
    while !matches!(&livy.sessions().await[..], [only] if only.state == SessionState::Idle) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn displays(done: &Done) -> Vec<String> {
    let displays = done.published.iter().filter(|shown| shown.msg_type().ends_with("display_data"));
    displays.map(|shown| shown.content["data"]["text/plain"].to_string()).collect()
}

#[tokio::test]
async fn the_first_cell_shows_the_session_that_has_started_before_it() {
    let livy = Livy::start().await;
    let mut frontend = open(&livy.url()).await;
    until_idle(&livy).await;
    let first = frontend.run("echo hi").await;
    assert_eq!(first.text(), "hi");
    let shown = displays(&first);
    assert!(shown.last().unwrap().contains("application scripted-0"), "{shown:?}");
    assert_eq!(displays(&frontend.run("echo next").await), [""; 0]);
    assert_eq!(livy.sessions().await.len(), 1);
}

#[tokio::test]
async fn a_cell_that_is_quicker_than_the_session_waits_for_it() {
    let livy = Livy::slow(Duration::from_millis(1500)).await;
    let mut frontend = open(&livy.url()).await;
    livy.until_sessions(1).await;
    let mut cell = frontend.execute("echo hi").await;
    cell.recv_session_start().await;
    let done = cell.end().await;
    assert!(displays(&done).last().unwrap().contains("application scripted-0"), "{done:?}");
    assert_eq!(livy.statements().await, 1);
}

#[tokio::test]
async fn the_first_cell_says_why_no_session_has_started_and_the_next_one_starts_it() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Up).await;
    network.once(Asked::NewSession, Fault::Answer(Answer::status(400)));
    let mut frontend = open(&network.url()).await;
    while !frontend.run("%info").await.published.iter().any(|shown| {
        shown.content["data"]["text/plain"].as_str().is_some_and(|text| text.contains("none: "))
    }) {}
    frontend.run("echo hi").await.error().says("SessionStartError", &["run the cell again"]);
    network.saw(Asked::NewSession, 1, 0);
    assert_eq!(frontend.run("echo hi").await.text(), "hi");
    network.saw(Asked::NewSession, 2, 1);
}

#[tokio::test]
async fn a_configuration_before_the_first_cell_replaces_the_session() {
    let livy = Livy::start().await;
    let mut frontend = open(&livy.url()).await;
    until_idle(&livy).await;
    let told = displays(&frontend.run("%%configure\n{\"driverMemory\": \"3g\"}").await);
    assert!(told[0].contains("Session 0, in which no cell has run, is ended"), "{told:?}");
    frontend.run("echo hi").await.is_ok();
    let sessions = livy.sessions().await;
    let memory: Vec<_> = sessions.iter().map(|session| &session.other["driverMemory"]).collect();
    assert_eq!(memory, ["3g"]);
    let refused = frontend.run("%%configure\n{\"driverMemory\": \"4g\"}").await;
    refused.error().says("ConfigureError", &["has started already"]);
}

#[tokio::test]
async fn a_session_that_is_attached_takes_the_place_of_the_one_that_starts() {
    let livy = Livy::slow(Duration::from_millis(500)).await;
    let id = livy.start_session("shared").await;
    let mut frontend = open(&livy.url()).await;
    livy.until_sessions(2).await;
    frontend.run("%attach shared").await.is_ok();
    livy.until_sessions(1).await;
    assert_eq!(frontend.run("echo hi").await.text(), "hi");
    assert_eq!(livy.sessions().await[0].id, id);
}

#[tokio::test]
async fn a_kernel_that_takes_its_session_back_starts_none() {
    let livy = Livy::start().await;
    let mut frontend = open(&livy.url()).await;
    frontend.run("echo hi").await.is_ok();
    frontend.kernel.kill().await;
    frontend.kernel.start_again();
    frontend.connect_again().await;
    frontend.subscribe_again().await;
    frontend.run("echo back").await.is_ok();
    let ids: Vec<_> = livy.sessions().await.into_iter().map(|session| session.id).collect();
    assert_eq!(ids, ["0".into()]);
}
