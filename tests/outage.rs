use std::time::{Duration, Instant};

use crate::support::{Frontend, Livy, Network, Proxy};

#[tokio::test]
async fn a_first_cell_says_where_livy_was_looked_for_and_a_later_one_finds_it() {
    let livy = Livy::start().await;
    let mut network = Proxy::to(&livy, Network::Refuses).await;
    let mut frontend = Frontend::open("pyspark", &network.url()).await;

    let failed = frontend.run("echo hi").await;
    failed
        .error()
        .says("SessionStartError", &[&network.address(), "LIVY_URL", "run the cell again"]);
    network.set(Network::Up).await;
    frontend.run("echo hi").await.is_ok();
}

#[tokio::test]
async fn a_running_cell_bears_a_short_outage() {
    let livy = Livy::start().await;
    let mut network = Proxy::to(&livy, Network::Up).await;
    let mut frontend = Frontend::ready("pyspark", &network.url()).await;

    let mut cell = frontend.execute("sleep 1.5\necho hi").await;
    livy.until_statements(2).await;
    for outage in [Network::Refuses, Network::Resets] {
        network.set(outage).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        network.set(Network::Up).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(cell.end().await.text(), "hi");
}

#[tokio::test]
async fn the_start_of_a_session_bears_a_short_outage() {
    let livy = Livy::slow(Duration::from_millis(1200)).await;
    let mut network = Proxy::to(&livy, Network::Up).await;
    let mut frontend = Frontend::open("pyspark", &network.url()).await;

    let mut cell = frontend.execute("echo hi").await;
    cell.recv_session_start().await;
    network.set(Network::Refuses).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    network.set(Network::Up).await;
    assert_eq!(cell.end().await.text(), "hi");
    assert_eq!(livy.sessions().await.len(), 1);
}

#[tokio::test]
async fn a_running_cell_ends_in_plain_words_when_livy_stays_away_and_the_next_runs_when_it_is_back()
{
    let livy = Livy::start().await;
    let mut network = Proxy::to(&livy, Network::Up).await;
    let patience = [("LIVY_PATIENCE", "5s")];
    let mut frontend = Frontend::open_with("pyspark", &network.url(), &patience).await;
    frontend.run("echo ready").await.is_ok();

    let mut cell = frontend.execute("sleep 12\necho hi").await;
    livy.until_statements(2).await;
    network.set(Network::Refuses).await;
    let begun = Instant::now();
    let failed = cell.end().await;
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    failed.error().says("LivyError", &[&network.address(), "cannot be reached", "may still run"]);

    network.set(Network::Up).await;
    assert_eq!(frontend.run("echo next").await.text(), "next");
    assert_eq!(livy.sessions().await.len(), 1, "the session has survived");
}

/// Longer than one request is tried for.
#[tokio::test]
async fn a_running_cell_bears_a_long_outage_and_says_so_meanwhile() {
    let livy = Livy::start().await;
    let mut network = Proxy::to(&livy, Network::Up).await;
    let mut frontend = Frontend::ready("pyspark", &network.url()).await;

    let mut cell = frontend.execute("sleep 1\necho hi").await;
    livy.until_statements(2).await;
    network.set(Network::Refuses).await;
    tokio::time::sleep(Duration::from_secs(13)).await;
    network.set(Network::Up).await;
    let done = cell.end().await;
    done.is_ok();
    let told: Vec<String> = done.published.iter().map(|m| m.content.to_string()).collect();
    assert!(told.iter().any(|content| content.contains("Trying for")), "{told:?}");
    let shown: Vec<String> = done.outputs().iter().map(|m| m.content.to_string()).collect();
    assert_eq!(shown.iter().filter(|content| content.contains("hi\\n\"")).count(), 1, "{shown:?}");
}

#[tokio::test]
async fn a_cell_that_could_not_be_sent_says_that_it_did_not_run() {
    let livy = Livy::start().await;
    let mut network = Proxy::to(&livy, Network::Up).await;
    let mut frontend = Frontend::ready("pyspark", &network.url()).await;

    network.set(Network::Refuses).await;
    let failed = frontend.run("echo hi").await;
    failed.error().says("LivyError", &[&network.address(), "The cell did not run"]);
    assert_eq!(livy.statements().await, 1);
    network.set(Network::Up).await;
    frontend.run("echo hi").await.is_ok();
}

#[tokio::test]
async fn a_cell_whose_acceptance_is_lost_is_not_sent_again_and_says_so() {
    let livy = Livy::start().await;
    let mut network = Proxy::to(&livy, Network::Up).await;
    let mut frontend = Frontend::ready("pyspark", &network.url()).await;

    network.set(Network::LosesAnswers).await;
    let failed = frontend.run("echo hi").await;
    failed.error().says("LivyError", &["not known whether Livy runs the cell"]);
    assert_eq!(livy.statements().await, 2);
    network.set(Network::Up).await;
    frontend.run("echo hi").await.is_ok();
    assert_eq!(livy.statements().await, 3);
}

#[tokio::test]
async fn a_session_that_did_not_survive_an_outage_is_replaced_with_a_word() {
    let livy = Livy::start().await;
    let mut network = Proxy::to(&livy, Network::Up).await;
    let mut frontend = Frontend::ready("pyspark", &network.url()).await;

    network.set(Network::Refuses).await;
    frontend.run("echo hi").await.error();
    livy.delete_sessions().await;
    network.set(Network::Up).await;
    let done = frontend.run("echo hi").await;
    done.is_ok();
    let warning = &done.outputs()[0].content;
    assert_eq!(warning["name"], "stderr");
    assert!(warning["text"].as_str().unwrap().contains("Its variables are lost"), "{warning}");
}

#[tokio::test]
async fn a_cell_can_be_interrupted_while_it_asks_whether_its_session_has_survived() {
    let livy = Livy::start().await;
    let mut network = Proxy::to(&livy, Network::Up).await;
    let mut frontend = Frontend::ready("pyspark", &network.url()).await;

    network.set(Network::Refuses).await;
    frontend.run("echo hi").await.error();
    network.set(Network::Hangs).await;
    let mut cell = frontend.execute("echo hi").await;
    cell.recv_busy().await;
    cell.recv_input("echo hi", 2).await;
    frontend.interrupt().await;
    let begun = Instant::now();
    cell.end().await.error().says("KeyboardInterrupt", &[]);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_login_page_is_not_taken_for_livy() {
    let livy = Livy::start().await;
    let page = "<html><head><title>Sign in please</title></head></html>";
    let network = Proxy::to(&livy, Network::Answers(page)).await;
    let mut frontend = Frontend::open("pyspark", &network.url()).await;

    let failed = frontend.run("echo hi").await;
    failed.error().says("SessionStartError", &[&network.address(), "web page", "Sign in please"]);
}
