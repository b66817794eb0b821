use std::path::PathBuf;

use tempfile::TempDir;

use crate::support::{Done, Frontend, Livy};

/// A file of code that sessions run first.
struct Startup {
    path: PathBuf,
    _folder: TempDir,
}

impl Startup {
    fn new(code: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("startup.txt");
        std::fs::write(&path, code).unwrap();
        Self { path, _folder: folder }
    }

    async fn kernel(&self, livy: &Livy) -> Frontend {
        let path = self.path.to_str().unwrap();
        Frontend::open_with("pyspark", &livy.url(), &[("LIVY_STARTUP", path)]).await
    }
}

/// What displays that change in place say at last.
fn last_display(done: &Done) -> String {
    let mut displays = done.published.iter().filter(|m| m.msg_type().ends_with("display_data"));
    displays.next_back().map(|m| m.content["data"]["text/plain"].to_string()).unwrap_or_default()
}

#[tokio::test]
async fn each_new_session_runs_it_first_and_shows_some_of_it() {
    let livy = Livy::start().await;
    let startup = Startup::new("lines 100 10");
    let mut frontend = startup.kernel(&livy).await;
    let first = frontend.run("echo hi").await;
    assert_eq!(first.text(), "hi");
    let shown = last_display(&first);
    assert!(shown.contains("has run\\n0") && shown.contains('…') && shown.len() < 300, "{shown}");
    assert_eq!(livy.codes().await, ["lines 100 10", "echo hi"]);

    assert_eq!(last_display(&frontend.run("echo again").await), "");
    livy.delete_sessions().await;
    frontend.run("echo lost").await.error().says("SessionLost", &[]);
    frontend.run("echo hi").await.is_ok();
    assert_eq!(livy.codes().await, ["lines 100 10", "echo hi"], "and so does the next session");
}

#[tokio::test]
async fn its_failure_is_told_and_stops_no_cell() {
    let livy = Livy::start().await;
    let startup = Startup::new("error NameError name 'x' is not defined");
    let mut frontend = startup.kernel(&livy).await;
    let done = frontend.run("echo hi").await;
    done.is_ok();
    let [warning, text] = &done.outputs()[..] else { panic!("{done:#?}") };
    assert!(warning.content["text"].as_str().unwrap().contains("NameError: name 'x'"));
    assert_eq!(text.content["text"], "hi\n");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_told_of() {
    let livy = Livy::start().await;
    let startup = Startup::new("echo never");
    std::fs::remove_file(&startup.path).unwrap();
    let done = startup.kernel(&livy).await.run("echo hi").await;
    done.is_ok();
    let warning = done.outputs()[0].content["text"].as_str().unwrap().to_owned();
    assert!(warning.contains("LIVY_STARTUP") && warning.contains("cannot be read"), "{warning}");
}

#[tokio::test]
async fn an_interrupt_ends_it_and_its_cell() {
    let livy = Livy::start().await;
    let startup = Startup::new("sleep 60");
    let mut frontend = startup.kernel(&livy).await;
    let mut cell = frontend.execute("echo hi").await;
    livy.until_sessions(1).await;
    livy.until_statements(1).await;
    frontend.interrupt().await;
    cell.end().await.error().says("KeyboardInterrupt", &[]);
    assert_eq!(livy.codes().await, ["sleep 60"], "the cell itself was not sent");
    assert_eq!(frontend.run("echo next").await.text(), "next");
}

#[tokio::test]
async fn a_session_that_it_ends_is_lost_to_its_cell() {
    let livy = Livy::start().await;
    let startup = Startup::new("die");
    let mut frontend = startup.kernel(&livy).await;
    frontend.run("echo hi").await.error().says("SessionLost", &[]);
}
