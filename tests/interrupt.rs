use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{
    Channel, Exchange, Frontend, Livy, Network, Proxy, ready, starting, waiting_for_hung_livy,
};

/// A cell that Livy runs, in a session that has run one before.
async fn running(frontend: &mut Frontend, livy: &Livy, code: &str) -> Exchange {
    let cell = frontend.execute(code).await;
    livy.until_statements(2).await;
    cell
}

#[tokio::test]
async fn an_idle_kernel_is_not_harmed() {
    let (_livy, mut frontend) = ready().await;

    frontend.ask(Channel::Control, "interrupt_request", json!({})).await.is_ok();
    frontend.run("echo hi").await.is_ok();
}

#[tokio::test]
async fn a_running_cell_ends_and_the_next_runs() {
    let (livy, mut frontend) = ready().await;

    let mut cell = running(&mut frontend, &livy, "sleep 30").await;
    frontend.interrupt().await;
    cell.end().await.error().says("KeyboardInterrupt", &[]);
    assert_eq!(frontend.run("echo next").await.text(), "next");
    assert_eq!(livy.sessions().await.len(), 1);
}

#[tokio::test]
async fn a_cell_that_livy_cannot_stop_ends_and_the_next_waits() {
    let (livy, mut frontend) = ready().await;

    let mut cell = running(&mut frontend, &livy, "spin 5").await;
    let begun = Instant::now();
    frontend.interrupt().await;
    cell.end().await.error().says("KeyboardInterrupt", &["may run on", "the next cell waits"]);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!(frontend.run("echo next").await.text(), "next");
}

#[tokio::test]
async fn an_interrupt_is_answered_at_once_and_idle_after_the_cell() {
    let (livy, mut frontend) = ready().await;

    let mut cell = running(&mut frontend, &livy, "spin 5").await;
    let mut interrupt = frontend.send(Channel::Control, "interrupt_request", json!({})).await;
    let (cell, interrupt) = (cell.end().await, interrupt.end().await);
    assert!(interrupt.reply.time() < cell.reply.time());
    assert!(interrupt.reply.time() + interrupt.idle_after() >= cell.reply.time());
}

#[tokio::test]
async fn a_cell_that_waits_behind_such_a_one_ends_too() {
    let (livy, mut frontend) = ready().await;

    let mut cell = running(&mut frontend, &livy, "spin 60").await;
    frontend.interrupt().await;
    cell.end().await.error().says("KeyboardInterrupt", &[]);
    let mut cell = frontend.execute("echo next").await;
    livy.until_statements(3).await;
    frontend.interrupt().await;
    cell.end().await.error().says("KeyboardInterrupt", &["the cell was cancelled"]);
}

#[tokio::test]
async fn a_cell_that_waits_for_its_session_ends() {
    let (livy, mut frontend, mut cell) = starting(Duration::from_secs(2)).await;
    frontend.interrupt().await;
    cell.end().await.error().says("KeyboardInterrupt", &[]);

    frontend.run("echo next").await.is_ok();
    assert_eq!(livy.sessions().await.len(), 1);
    assert_eq!(livy.statements().await, 1);
}

#[tokio::test]
async fn a_cell_that_asks_for_its_session_ends_while_livy_hangs() {
    let (_livy, _network, mut frontend, mut cell) = waiting_for_hung_livy().await;
    frontend.interrupt().await;
    cell.end().await.error().says("KeyboardInterrupt", &[]);
}

#[tokio::test]
async fn a_running_cell_ends_while_livy_hangs() {
    let livy = Livy::start().await;
    let mut network = Proxy::to(&livy, Network::Up).await;
    let mut frontend = Frontend::ready("pyspark", &network.url()).await;

    let mut cell = running(&mut frontend, &livy, "sleep 30").await;
    network.set(Network::Hangs).await;
    let begun = Instant::now();
    frontend.interrupt().await;
    cell.end().await.error().says("KeyboardInterrupt", &[]);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_second_interrupt_does_no_harm() {
    let (livy, mut frontend) = ready().await;

    let mut cell = running(&mut frontend, &livy, "sleep 30").await;
    frontend.interrupt().await;
    frontend.interrupt().await;
    cell.end().await.error().says("KeyboardInterrupt", &[]);
    frontend.interrupt().await;
    frontend.run("echo next").await.is_ok();
}

#[tokio::test]
async fn a_cell_ends_at_whatever_moment_it_is_interrupted() {
    let (_livy, mut frontend) = ready().await;

    for moment in [0, 1, 2, 3, 4, 6, 8, 10, 15, 20, 30, 40] {
        let mut cell = frontend.execute("sleep 30").await;
        cell.recv_busy().await;
        tokio::time::sleep(Duration::from_millis(moment)).await;
        frontend.interrupt().await;
        cell.end().await.error().says("KeyboardInterrupt", &[]);
        assert_eq!(frontend.run("echo next").await.text(), "next", "after {moment} ms");
    }
}
