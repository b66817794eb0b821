use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::support::{Connection, Frontend, Kernel, Livy};

/// A kernel without a parent looks once a second, ends its session and then itself.
const GRACE: Duration = Duration::from_secs(3);

/// The kernel has gone, and its session with it.
async fn ends(livy: &Livy, connection: &Connection) {
    let begun = Instant::now();
    while !connection.is_closed().await {
        assert!(begun.elapsed() < GRACE, "the kernel is still there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(livy.sessions().await.is_empty());
}

#[tokio::test]
async fn a_kernel_whose_parent_was_killed_ends_with_its_session() {
    let livy = Livy::start().await;
    let connection = Connection::new("the key");
    let kernel = Kernel::start_as_child("pyspark", &livy.url(), &connection);
    let mut frontend = Frontend::meet(kernel, connection.clone()).await;
    frontend.run("echo hi").await.is_ok();

    frontend.kernel.signal("KILL");
    ends(&livy, &connection).await;
}

#[tokio::test]
async fn a_kernel_ends_with_its_distant_parent_during_a_cell() {
    let livy = Livy::start().await;
    let connection = Connection::new("the key");
    let mut jupyter = Command::new("sleep").arg("60").kill_on_drop(true).spawn().unwrap();
    let kernel = Kernel::start_of(jupyter.id().unwrap(), "pyspark", &livy.url(), &connection);
    let mut frontend = Frontend::meet(kernel, connection.clone()).await;
    let _cell = frontend.execute("sleep 60").await;
    livy.until_sessions(1).await;
    livy.until_statements(1).await;

    jupyter.kill().await.unwrap();
    ends(&livy, &connection).await;
}

#[tokio::test]
async fn a_kernel_whose_parent_is_not_seen_from_here_stays() {
    let livy = Livy::start().await;
    let mut gone = Command::new("true").spawn().unwrap();
    let nobody = gone.id().unwrap();
    gone.wait().await.unwrap();
    for parent in [0, 1, nobody, u32::MAX] {
        let connection = Connection::new("the key");
        let kernel = Kernel::start_of(parent, "pyspark", &livy.url(), &connection);
        let mut frontend = Frontend::meet(kernel, connection).await;
        tokio::time::sleep(Duration::from_millis(1200)).await;
        frontend.run("echo hi").await.is_ok();
    }
}
