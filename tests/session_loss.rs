use crate::support::{Frontend, Livy};

/// Looks after its session every second, so that a loss is noticed while nothing runs.
const WATCHFUL: (&str, &str) = ("LIVY_TTL", "10s");
const ASKS: (&str, &str) = ("LIVY_ON_LOSS", "ask");

/// Waits until the kernel knows that its session is gone.
async fn until_noticed(frontend: &mut Frontend) {
    loop {
        let info = frontend.run("%info").await;
        if info.only("display_data")["data"]["text/plain"].to_string().contains("is gone") {
            return;
        }
    }
}

#[tokio::test]
async fn a_cell_whose_session_dies_says_so_and_the_next_has_a_new_one() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;
    let lost = livy.sessions().await[0].id.clone();

    let failed = frontend.run("log out of memory\ndie").await;
    let id = format!("session {lost}");
    failed.error().says("SessionLost", &[&id, "Its variables are lost", "out of memory"]);

    assert_eq!(frontend.run("echo next").await.text(), "next");
    livy.until_sessions(1).await;
    assert_ne!(livy.sessions().await[0].id, lost, "what is left of the dead one is deleted");
}

#[tokio::test]
async fn a_session_deleted_between_two_cells_is_said_to_be_gone() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    livy.delete_sessions().await;
    frontend.run("echo hi").await.error().says("SessionLost", &["does not know it any more"]);
    frontend.run("echo hi").await.is_ok();
    assert_eq!(livy.sessions().await.len(), 1);
}

#[tokio::test]
async fn a_session_deleted_during_a_cell_is_said_to_be_gone() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    let mut cell = frontend.execute("sleep 30").await;
    livy.until_statements(2).await;
    livy.delete_sessions().await;
    cell.end().await.error().says("SessionLost", &[]);
    frontend.run("echo hi").await.is_ok();
}

#[tokio::test]
async fn the_next_cell_reports_a_loss_and_has_a_new_session() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open_with("pyspark", &livy.url(), &[WATCHFUL]).await;
    frontend.run("echo hi").await.is_ok();

    livy.delete_sessions().await;
    until_noticed(&mut frontend).await;
    let done = frontend.run("echo hi").await;
    done.is_ok();
    let [warning, text] = &done.outputs()[..] else { panic!("{done:#?}") };
    let told = warning.content["text"].as_str().unwrap();
    assert_eq!(warning.content["name"], "stderr");
    assert!(told.contains("variables are lost") && told.contains("new session"), "{told}");
    assert_eq!(text.content["text"], "hi\n");
}

#[tokio::test]
async fn with_ask_a_lost_session_is_replaced_only_by_the_next_run() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open_with("pyspark", &livy.url(), &[ASKS]).await;
    frontend.run("echo hi").await.is_ok();

    frontend.run("die").await.error().says("SessionLost", &["The next cell asks"]);
    frontend.run("echo hi").await.error().says("SessionLost", &["Run the cell again"]);
    livy.until_sessions(0).await;
    assert_eq!(frontend.run("echo hi").await.text(), "hi");
}

#[tokio::test]
async fn with_ask_a_loss_between_two_cells_is_reported_once() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open_with("pyspark", &livy.url(), &[WATCHFUL, ASKS]).await;
    frontend.run("echo hi").await.is_ok();

    livy.delete_sessions().await;
    until_noticed(&mut frontend).await;
    frontend.run("echo hi").await.error().says("SessionLost", &["Run the cell again"]);
    assert_eq!(frontend.run("echo hi").await.text(), "hi");
}

#[tokio::test]
async fn the_log_tells_why_and_what_to_do() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;
    let oom = "log java.lang.OutOfMemoryError: Java heap space\ndie";
    let words = ["the driver ran out of memory (its state is dead)", "collect", "Java heap space"];
    frontend.run(oom).await.error().says("SessionLost", &words);
}
