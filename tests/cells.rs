use serde_json::json;

use crate::support::{Frontend, Livy};

#[tokio::test]
async fn a_cell_is_busy_then_input_output_reply_and_idle() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("sparkr", &livy.url()).await;

    let mut cell = frontend.execute("echo hi").await;
    cell.recv_busy().await;
    cell.recv_input("echo hi", 1).await;
    cell.recv_stream("hi\n").await;
    let reply = cell.recv_reply().await;
    cell.recv_idle().await;

    let ok = json!({"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}});
    assert_eq!(reply.content, ok);
}

#[tokio::test]
async fn cells_that_are_sent_at_once_run_one_after_the_other() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    let mut first = frontend.execute("sleep 0.2\necho one").await;
    let mut second = frontend.execute("echo two").await;
    let (first, second) = (first.end().await, second.end().await);

    assert_eq!(first.text(), "one");
    assert_eq!(second.text(), "two");
    assert!(first.reply.date() < second.published[0].date());
}

#[tokio::test]
async fn an_empty_cell_is_ok_and_asks_for_no_session() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    for code in ["", "  \n", "%%sql"] {
        let done = frontend.run(code).await;
        done.is_ok();
        assert!(done.outputs().is_empty(), "{done:#?}");
    }
    assert!(livy.sessions().await.is_empty());
}

#[tokio::test]
async fn a_user_expression_is_answered_by_an_error_of_its_own() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    let done = frontend.run_with("echo hi", json!({"user_expressions": {"x": "1 + 1"}})).await;
    done.is_ok();
    let answer = &done.reply.content["user_expressions"]["x"];
    assert_eq!(answer["status"], "error");
    assert!(answer["ename"].is_string() && answer["traceback"].is_array(), "{answer}");
}

#[tokio::test]
async fn a_language_magic_runs_one_cell_in_another_language() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    // The same text is a value to Scala only.
    let scala = frontend.run("%%spark\necho res0: Int = 2").await;
    assert_eq!(scala.only("execute_result")["data"]["text/plain"], "res0: Int = 2");
    let python = frontend.run("echo res0: Int = 2").await;
    assert_eq!(python.text(), "res0: Int = 2");
}
