use std::time::{Duration, Instant};

use crate::support::{Answer, Asked, Fault, Frontend, Livy, Network, Proxy};

#[tokio::test]
async fn a_first_cell_names_the_address_and_a_later_one_finds_livy() {
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
async fn a_running_cell_ends_when_livy_stays_away() {
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
async fn a_cell_whose_acceptance_is_lost_is_not_sent_again() {
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
async fn a_session_lost_in_an_outage_is_replaced_with_a_notice() {
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
async fn a_cell_can_be_interrupted_while_it_checks_its_session() {
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

/// Asks for more patience than a clock can hold.
fn for_ever(status: u16) -> Fault {
    Fault::Answer(Answer::status(status).retry_after(u64::MAX))
}

#[tokio::test]
async fn a_cell_says_that_livy_asks_it_to_wait_and_can_be_interrupted() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Up).await;
    let mut frontend = Frontend::ready("pyspark", &network.url()).await;

    network.always(Asked::Statement, for_ever(429));
    let mut cell = frontend.execute("sleep 60").await;
    cell.recv_busy().await;
    cell.recv_input("sleep 60", 1).await;
    let told = cell.recv("display_data").await.content.to_string();
    assert!(told.contains("asks to be left alone for 600 s"), "{told}");
    let (begun, asked) = (Instant::now(), network.count(Asked::Statement));
    frontend.interrupt().await;
    assert_eq!(cell.end().await.reply.content["ename"], "KeyboardInterrupt");
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert!(asked <= 2, "{asked} requests of a client that was to wait");
    network.mend();
    frontend.run("echo hi").await.is_ok();
}

#[tokio::test]
async fn a_refused_cell_fails_at_once_and_the_next_one_runs() {
    for status in [429, 503] {
        let livy = Livy::start().await;
        let network = Proxy::to(&livy, Network::Up).await;
        let mut frontend = Frontend::open("pyspark", &network.url()).await;
        for (asked, ename) in
            [(Asked::NewSession, "SessionStartError"), (Asked::NewStatement, "LivyError")]
        {
            network.once(asked, for_ever(status));
            let begun = Instant::now();
            frontend.run("echo hi").await.error().says(ename, &["left alone for 600 s"]);
            assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        }
        frontend.run("echo hi").await.is_ok();
    }
}
