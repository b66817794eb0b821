use serde_json::json;

use crate::support::{Frontend, Livy};

#[tokio::test]
async fn a_failed_cell_shows_one_error_which_its_reply_repeats() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    let mut cell = frontend.execute("error ValueError no such thing").await;
    cell.recv_busy().await;
    cell.recv_input("error ValueError no such thing", 1).await;
    let error = cell.recv("error").await.content;
    let mut reply = cell.recv_reply().await.content;
    cell.recv_idle().await;

    let traceback = json!(["Traceback (most recent call last):", "ValueError: no such thing"]);
    let expected =
        json!({"ename": "ValueError", "evalue": "no such thing", "traceback": traceback});
    assert_eq!(error, expected);
    let rest = reply.as_object_mut().unwrap();
    assert_eq!(rest.remove("status"), Some(json!("error")));
    assert_eq!(rest.remove("execution_count"), Some(json!(1)));
    assert_eq!(reply, expected);
}

#[tokio::test]
async fn an_error_of_another_language_is_one_error_too() {
    let livy = Livy::start().await;
    for kind in ["spark", "sparkr", "sql"] {
        let mut frontend = Frontend::ready(kind, &livy.url()).await;
        let failed = frontend.run("error Error not found: value x").await;
        assert_eq!(failed.outputs().len(), 1, "{failed:#?}");
        failed.error().says("Error", &["not found: value x"]);
    }
}

#[tokio::test]
async fn an_error_that_livy_hides_in_a_result_is_an_error() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    let hidden = json!({"msg_type": "execute_reply", "content": {"status": "error",
        "ename": "KeyError", "evalue": "'missing'", "traceback": ["KeyError: 'missing'\n"]}});
    let failed = frontend.run(&format!("json {hidden}")).await;
    assert_eq!(failed.outputs().len(), 1, "{failed:#?}");
    failed.error().says("KeyError", &["'missing'"]);
}
