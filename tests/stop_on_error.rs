use serde_json::json;

use crate::support::{Channel, Frontend, Livy};

#[tokio::test]
async fn an_error_aborts_the_cells_that_are_queued_and_nothing_else() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    let mut first = frontend.execute("sleep 0.3\nerror ValueError x").await;
    let mut second = frontend.execute("echo two").await;
    let mut info = frontend.send(Channel::Shell, "kernel_info_request", json!({})).await;
    let mut third = frontend.execute("echo three").await;

    first.end().await.error();
    for queued in [&mut second, &mut third] {
        let done = queued.end().await;
        assert_eq!(done.status(), "aborted");
        assert!(done.published.is_empty(), "{done:#?}");
    }
    info.end().await.is_ok();
    let later = frontend.run("echo later").await;
    assert_eq!(later.text(), "later");
    assert_eq!(later.reply.content["execution_count"], 2);
    assert_eq!(livy.statements().await, 3, "with the one that made the session ready");
}

#[tokio::test]
async fn without_it_all_cells_run() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    let go_on = json!({"stop_on_error": false});
    let mut first = frontend.execute_with("sleep 0.3\nerror ValueError x", go_on).await;
    let mut second = frontend.execute("echo two").await;
    first.end().await.error();
    assert_eq!(second.end().await.text(), "two");
}

#[tokio::test]
async fn a_cell_that_is_sent_in_answer_to_the_error_runs() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    for _ in 0..20 {
        let mut first = frontend.execute("error ValueError x").await;
        first.recv_reply().await;
        frontend.run("echo two").await.is_ok();
    }
}

#[tokio::test]
async fn an_interrupt_aborts_the_cells_that_are_queued() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    let mut first = frontend.execute("sleep 60").await;
    let mut second = frontend.execute("echo two").await;
    first.recv_busy().await;
    first.recv_input("sleep 60", 1).await;
    frontend.interrupt().await;
    first.end().await.error().says("KeyboardInterrupt", &[]);
    assert_eq!(second.end().await.status(), "aborted");
}

#[tokio::test]
async fn however_many_are_queued_all_are_aborted() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    let mut first = frontend.execute("sleep 0.5\nerror ValueError x").await;
    let mut queued = Vec::new();
    for _ in 0..200 {
        queued.push(frontend.execute("echo two").await);
    }
    first.end().await.error();
    for cell in &mut queued {
        assert_eq!(cell.end().await.status(), "aborted");
    }
}
