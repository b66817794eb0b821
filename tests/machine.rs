use std::time::Duration;

use crate::support::{Connection, Frontend, Kernel, Livy};

const SOON: Duration = Duration::from_secs(10);

/// What a kernel wrote that could not start, begun by a shell that has run `first`.
async fn refusal(first: &str) -> String {
    let mut kernel =
        Kernel::start_after(first, "pyspark", "http://127.0.0.1:9", &Connection::new("key"));
    assert!(!kernel.exits_within(SOON).await.success());
    kernel.stderr()
}

#[tokio::test]
async fn too_few_open_files_are_named_with_their_limit() {
    let told = refusal("ulimit -n 40").await;
    assert!(told.contains("may open only 40 files") && told.contains("ulimit -n"), "{told}");
}

#[tokio::test]
async fn a_temporary_folder_that_cannot_be_written_is_named() {
    let told = refusal("export TMPDIR=/proc").await;
    assert!(told.contains("the temporary folder /proc") && told.contains("set TMPDIR"), "{told}");
}

#[tokio::test]
async fn a_low_limit_that_may_be_raised_is_raised() {
    let livy = Livy::start().await;
    let connection = Connection::new("key");
    let kernel = Kernel::start_after("ulimit -S -n 40", "pyspark", &livy.url(), &connection);
    let mut frontend = Frontend::meet(kernel, connection).await;
    assert_eq!(frontend.run("echo hi").await.text(), "hi");
}

#[tokio::test]
async fn without_a_home_folder_cells_run_and_the_log_warns() {
    let livy = Livy::start().await;
    // Nobody can make a folder there.
    let nowhere = ["HOME", "JUPYTER_DATA_DIR", "XDG_DATA_HOME"].map(|name| (name, "/proc"));
    let mut frontend = Frontend::open_with("pyspark", &livy.url(), &nowhere).await;
    assert_eq!(frontend.run("echo hi").await.text(), "hi");
    let told = frontend.kernel.stderr();
    assert!(told.contains("the history is kept in memory only"), "{told}");
    assert!(told.contains("/proc") && told.contains("JUPYTER_DATA_DIR"), "{told}");
}
