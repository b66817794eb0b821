use std::time::{Duration, Instant};

use serde_json::json;

use super::{
    fake::{all_like, serve},
    livy_kernel, stderr,
};
use crate::support::{Livy, Network, Proxy, SECRET};

#[tokio::test]
async fn what_is_not_there_is_a_failure_and_is_called_by_its_name() {
    let livy = Livy::start().await;
    let session = livy_kernel(&livy.url(), &["session", "show", "99"]).await;
    assert_eq!(session.status.code(), Some(1));
    assert!(stderr(&session).contains("Session '99' not found."), "{}", stderr(&session));

    let followed = livy_kernel(&livy.url(), &["session", "log", "-f", "99"]).await;
    assert_eq!(followed.status.code(), Some(1));
    assert!(stderr(&followed).contains("Session '99' not found."), "{}", stderr(&followed));

    let url = serve(all_like(json!({}), &[])).await;
    let batch = livy_kernel(&url, &["batch", "kill", "99"]).await;
    assert_eq!(batch.status.code(), Some(1));
    assert!(stderr(&batch).contains("Batch '99' not found."), "{}", stderr(&batch));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_at_once() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Refuses).await;
    for arguments in [
        &["sessions"][..],
        &["session", "show", "0"],
        &["session", "log", "0"],
        &["session", "log", "-f", "0"],
        &["session", "kill", "0", "1"],
        &["batch", "submit", "/job.py", "--follow"],
    ] {
        let begun = Instant::now();
        let output = livy_kernel(&network.url(), arguments).await;
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("refused"), "{}", stderr(&output));
        assert!(begun.elapsed() < Duration::from_secs(5), "{arguments:?}");
    }
}

#[tokio::test]
async fn no_address_or_a_wrong_one_is_wrong_usage() {
    let nowhere = livy_kernel("", &["sessions"]).await;
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(stderr(&nowhere).contains("LIVY_URL is not set"), "{}", stderr(&nowhere));

    let wrong = livy_kernel(&format!("livy:{SECRET}@h:1"), &["batch", "list"]).await;
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("LIVY_URL does not name"), "{}", stderr(&wrong));
}
