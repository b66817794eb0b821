use crate::support::{Frontend, Livy};

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
async fn a_session_that_was_deleted_between_two_cells_is_said_to_be_gone() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    livy.delete_sessions().await;
    frontend.run("echo hi").await.error().says("SessionLost", &["does not know it any more"]);
    frontend.run("echo hi").await.is_ok();
    assert_eq!(livy.sessions().await.len(), 1);
}

#[tokio::test]
async fn a_session_that_is_deleted_while_a_cell_runs_is_said_to_be_gone() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    let mut cell = frontend.execute("sleep 30").await;
    livy.until_statements(2).await;
    livy.delete_sessions().await;
    cell.end().await.error().says("SessionLost", &[]);
    frontend.run("echo hi").await.is_ok();
}
