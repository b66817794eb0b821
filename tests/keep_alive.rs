use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::support::{Answer, Asked, Exchange, Fault, Frontend, Livy, Network, Proxy};

/// Far longer than the idle timeouts here.
const LONG: Duration = Duration::from_secs(7);

/// A kernel whose sessions end after three seconds without activity.
async fn impatient(livy_url: &str, more: &[(&str, &str)]) -> Frontend {
    let variables = [&[("LIVY_IDLE_TIMEOUT", "3s")], more].concat();
    Frontend::open_with("pyspark", livy_url, &variables).await
}

/// Waits for what the kernel says of a session though nobody has asked.
async fn word(cell: &mut Exchange) -> String {
    let stream = cell.recv("stream").await.content;
    assert_eq!(stream["name"], "stderr");
    stream["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_session_outlives_its_idle_timeout_while_a_cell_runs() {
    let livy = Livy::start().await;
    let mut frontend = impatient(&livy.url(), &[]).await;
    assert_eq!(frontend.run("sleep 7\necho hi").await.text(), "hi");
    assert_eq!(livy.sessions().await.len(), 1);
}

#[tokio::test]
async fn without_keep_alive_the_loss_says_which_limit_was_reached() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Up).await;
    network.always(Asked::Connect, Fault::Answer(Answer::page(404, "<html>none</html>")));
    let mut frontend = impatient(&network.url(), &[]).await;
    let failed = frontend.run("sleep 7\necho hi").await;
    failed.error().says("SessionLost", &["its idleTimeout (3s) was over", "variables are lost"]);
    assert_eq!(network.count(Asked::Connect), 1, "what a server lacks is asked for once");
}

#[tokio::test]
async fn an_idle_session_follows_the_servers_policy() {
    let livy = Livy::start().await;
    let mut frontend = impatient(&livy.url(), &[]).await;
    frontend.run("echo hi").await.is_ok();
    livy.until_sessions(0).await;
}

#[tokio::test]
async fn an_idle_session_is_kept_for_as_long_as_the_person_wants() {
    let livy = Livy::start().await;
    let mut frontend = impatient(&livy.url(), &[("LIVY_KEEP_ALIVE", "8s")]).await;
    frontend.run("echo hi").await.is_ok();
    sleep(LONG).await;
    assert_eq!(livy.sessions().await.len(), 1, "it is kept");
    livy.until_sessions(0).await;
}

#[tokio::test]
async fn a_person_is_warned_below_the_last_cell_before_a_session_ends() {
    let livy = Livy::start().await;
    let ttl = [("LIVY_TTL", "10s")];
    let mut frontend = Frontend::open_with("pyspark", &livy.url(), &ttl).await;
    let mut cell = frontend.execute("echo hi").await;
    cell.end().await.is_ok();
    frontend.run_with("echo hidden", json!({"silent": true})).await.is_ok();
    let warning = word(&mut cell).await;
    assert!(warning.contains("its ttl is 10s") && warning.contains("UTC"), "{warning}");
    livy.until_sessions(0).await;
    cell.is_over();
}

#[tokio::test]
async fn an_idle_session_is_warned_of_too() {
    let livy = Livy::start().await;
    let idle = [("LIVY_IDLE_TIMEOUT", "10s")];
    let mut frontend = Frontend::open_with("pyspark", &livy.url(), &idle).await;
    let mut cell = frontend.execute("echo hi").await;
    cell.end().await.is_ok();
    let warning = word(&mut cell).await;
    assert!(
        warning.contains("its idleTimeout is 10s") && warning.contains("Run any cell"),
        "{warning}"
    );
}

#[tokio::test]
async fn a_time_that_is_none_is_said_in_the_first_cell() {
    let livy = Livy::start().await;
    for variable in ["LIVY_TTL", "LIVY_IDLE_TIMEOUT", "LIVY_KEEP_ALIVE"] {
        let mut frontend =
            Frontend::open_with("pyspark", &livy.url(), &[(variable, "two hours")]).await;
        frontend.run("echo hi").await.error().says("SettingsError", &[variable, "2h"]);
    }
    assert!(livy.sessions().await.is_empty());
}
