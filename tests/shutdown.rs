use std::{panic::Location, time::Duration};

use serde_json::json;

use crate::support::{
    Asked, Channel, Connection, Fault, Frontend, Livy, Network, PATIENCE, Proxy, ready, starting,
    waiting_for_hung_livy, within,
};

/// Jupyter's patience.
const GRACE: Duration = Duration::from_millis(2500);

/// Asks the kernel to end: it says yes, and does so in time.
async fn shut_down(frontend: &mut Frontend, channel: Channel, restart: bool) {
    let asked = json!({"restart": restart});
    let mut request = frontend.send(channel, "shutdown_request", asked).await;
    let status = frontend.kernel.exits_within(GRACE).await;
    assert!(status.success(), "{status}");
    let done = request.end().await;
    assert_eq!(done.reply.content, json!({"status": "ok", "restart": restart}));
}

/// The same by a signal, as VS Code does it.
async fn terminate(frontend: &mut Frontend) {
    frontend.kernel.signal("TERM");
    let status = frontend.kernel.exits_within(GRACE).await;
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn a_shutdown_request_ends_the_session_and_the_kernel() {
    let livy = Livy::start().await;
    for channel in Channel::BOTH {
        for restart in [false, true] {
            let mut frontend = Frontend::ready("pyspark", &livy.url()).await;
            shut_down(&mut frontend, channel, restart).await;
            assert!(livy.sessions().await.is_empty());
        }
    }
}

#[tokio::test]
async fn a_restarted_kernel_has_the_same_ports_and_a_new_session() {
    let livy = Livy::start().await;
    let connection = Connection::new("the key");
    for run in 0..20 {
        let mut frontend = Frontend::open_at("pyspark", &livy.url(), connection.clone()).await;
        let done = frontend.run("echo hi").await;
        assert_eq!(done.reply.content["execution_count"], 1);
        assert_eq!(livy.sessions().await[0].id, run.to_string().into());
        shut_down(&mut frontend, Channel::Control, true).await;
    }
}

#[tokio::test]
async fn sigterm_ends_the_session_and_the_kernel() {
    let (livy, mut frontend) = ready().await;
    terminate(&mut frontend).await;
    assert!(livy.sessions().await.is_empty());
}

#[tokio::test]
async fn sigint_is_ignored() {
    let (livy, mut frontend) = ready().await;

    let mut cell = frontend.execute("sleep 0.5\necho hi").await;
    livy.until_statements(2).await;
    frontend.kernel.signal("INT");
    assert_eq!(cell.end().await.text(), "hi");
    frontend.kernel.signal("INT");
    frontend.run("echo next").await.is_ok();
}

#[tokio::test]
async fn a_kernel_without_a_session_ends_too() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;
    shut_down(&mut frontend, Channel::Control, false).await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;
    terminate(&mut frontend).await;
}

#[tokio::test]
async fn a_session_that_starts_is_ended() {
    let (livy, mut frontend, _cell) = starting(Duration::from_secs(60)).await;
    shut_down(&mut frontend, Channel::Control, false).await;
    assert!(livy.sessions().await.is_empty());

    let mut frontend = Frontend::open("pyspark", &livy.url()).await;
    let mut cell = frontend.execute("echo hi").await;
    cell.recv_session_start().await;
    terminate(&mut frontend).await;
    assert!(livy.sessions().await.is_empty());
}

#[tokio::test]
async fn a_session_that_starts_before_the_first_cell_is_ended() {
    let livy = Livy::slow(Duration::from_secs(60)).await;
    let eager = [("LIVY_START", "eager")];
    let mut frontend = Frontend::open_with("pyspark", &livy.url(), &eager).await;
    livy.until_sessions(1).await;
    shut_down(&mut frontend, Channel::Control, false).await;
    assert!(livy.sessions().await.is_empty());
}

#[tokio::test]
async fn a_session_whose_cell_runs_is_ended() {
    let (livy, mut frontend) = ready().await;
    let _cell = frontend.execute("sleep 60").await;
    livy.until_statements(2).await;
    shut_down(&mut frontend, Channel::Control, true).await;
    assert!(livy.sessions().await.is_empty());

    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;
    let _cell = frontend.execute("spin 60").await;
    livy.until_statements(2).await;
    terminate(&mut frontend).await;
    assert!(livy.sessions().await.is_empty());
}

#[tokio::test]
async fn jupyters_interrupt_and_shutdown_back_to_back_end_it() {
    let (livy, mut frontend) = ready().await;

    let _cell = frontend.execute("sleep 60").await;
    livy.until_statements(2).await;
    let mut interrupt = frontend.send(Channel::Control, "interrupt_request", json!({})).await;
    shut_down(&mut frontend, Channel::Control, false).await;
    interrupt.end().await.is_ok();
    assert!(livy.sessions().await.is_empty());
}

#[tokio::test]
async fn the_kernel_ends_in_time_while_livy_refuses() {
    let livy = Livy::start().await;
    let mut network = Proxy::to(&livy, Network::Up).await;
    let mut frontend = Frontend::ready("pyspark", &network.url()).await;
    network.set(Network::Refuses).await;
    shut_down(&mut frontend, Channel::Control, false).await;
}

#[tokio::test]
async fn the_kernel_ends_in_time_while_livy_hangs() {
    let livy = Livy::start().await;
    let mut network = Proxy::to(&livy, Network::Up).await;
    let mut frontend = Frontend::ready("pyspark", &network.url()).await;
    let _cell = frontend.execute("sleep 60").await;
    livy.until_statements(2).await;
    network.set(Network::Hangs).await;
    shut_down(&mut frontend, Channel::Control, false).await;
}

/// Whoever saw the kernel end in time still wants its session gone, when the server is back.
#[track_caller]
fn is_left_without_sessions(livy: &Livy) -> impl Future<Output = ()> {
    within(PATIENCE, Location::caller(), "the session's end", livy.until_sessions(0))
}

#[tokio::test]
async fn a_session_that_livy_ends_slowly_is_ended_after_the_kernel() {
    let livy = Livy::start().await;
    let mut network = Proxy::to(&livy, Network::Up).await;
    for trouble in [Network::Hangs, Network::Refuses, Network::Answers("<html>busy</html>")] {
        let mut frontend = Frontend::ready("pyspark", &network.url()).await;
        network.set(trouble).await;
        shut_down(&mut frontend, Channel::Control, false).await;
        assert_eq!(livy.sessions().await.len(), 1, "{trouble:?}");
        network.set(Network::Up).await;
        is_left_without_sessions(&livy).await;
    }
}

#[tokio::test]
async fn a_session_of_an_unanswered_creation_is_ended_too() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Up).await;
    network.once(Asked::NewSession, Fault::HoldAnswer);
    let mut frontend = Frontend::open("pyspark", &network.url()).await;
    let _cell = frontend.execute("echo hi").await;
    livy.until_sessions(1).await;
    terminate(&mut frontend).await;
    is_left_without_sessions(&livy).await;
}

#[tokio::test]
async fn a_killed_kernel_is_replaced_on_the_same_ports() {
    let livy = Livy::start().await;
    let connection = Connection::new("the key");
    for _ in 0..5 {
        let mut frontend = Frontend::open_at("pyspark", &livy.url(), connection.clone()).await;
        assert_eq!(frontend.run("echo hi").await.reply.content["execution_count"], 1);
        let _cell = frontend.execute("sleep 60").await;
        frontend.kernel.signal("KILL");
        assert!(!frontend.kernel.exits_within(GRACE).await.success());
    }
}

#[tokio::test]
async fn the_kernel_ends_in_time_while_a_session_start_hangs() {
    let (_livy, _network, mut frontend, _cell) = waiting_for_hung_livy().await;
    terminate(&mut frontend).await;
}

#[tokio::test]
async fn no_session_is_left_whenever_the_kernel_ends_its_start() {
    let livy = Livy::slow(Duration::from_millis(100)).await;
    for moment in [0, 1, 2, 4, 8, 16, 32, 64, 96, 128] {
        let mut frontend = Frontend::open("pyspark", &livy.url()).await;
        let mut cell = frontend.execute("echo hi").await;
        cell.recv_busy().await;
        tokio::time::sleep(Duration::from_millis(moment)).await;
        shut_down(&mut frontend, Channel::Control, false).await;
        assert!(livy.sessions().await.is_empty(), "after {moment} ms");
    }
}
