use std::time::{Duration, Instant};

use crate::support::{Answer, Asked, Fault, Frontend, Livy, Network, Proxy};

const WITH_AGENT: &[(&str, &str)] = &[("LIVY_AGENT", "auto")];

/// Two cells behind a network that treats the agent's installation so.
async fn cells_run(fault: Fault) -> Proxy {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Up).await;
    network.always(Asked::NewJob, fault);
    let mut frontend = Frontend::open_with("pyspark", &network.url(), WITH_AGENT).await;
    assert_eq!(frontend.run("echo ready").await.text(), "ready");
    assert_eq!(frontend.run("echo hi").await.text(), "hi");
    assert_eq!(livy.codes().await, ["echo ready", "echo hi"]);
    network
}

/// The scripted interpreter takes jobs, and returns what no agent says.
#[tokio::test]
async fn a_session_that_cannot_have_an_agent_goes_without() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open_with("pyspark", &livy.url(), WITH_AGENT).await;
    assert_eq!(frontend.run("echo ready").await.text(), "ready");
    assert_eq!(frontend.run("echo hi").await.text(), "hi");
}

#[tokio::test]
async fn a_server_that_takes_no_jobs_is_asked_once() {
    let network = cells_run(Fault::Answer(Answer::status(404))).await;
    network.saw(Asked::NewJob, 1, 0);
}

#[tokio::test]
async fn a_job_that_is_not_answered_holds_no_cell() {
    let begun = Instant::now();
    cells_run(Fault::Hang).await;
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}
