use serde_json::{Value, json};

use crate::support::{Done, Frontend, Livy};

async fn run(kind: &str, code: &str) -> Done {
    let livy = Livy::start().await;
    let done = Frontend::ready(kind, &livy.url()).await.run(code).await;
    done.is_ok();
    done
}

/// Runs a cell to which Livy gives this data.
async fn run_data(kind: &str, data: Value) -> Done {
    run(kind, &format!("json {data}")).await
}

#[track_caller]
fn mime_types(content: &Value) -> Vec<&str> {
    content["data"].as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn what_is_no_value_to_python_is_a_stream() {
    let printed = run("pyspark", "echo one\necho two").await;
    assert_eq!(*printed.only("stream"), json!({"name": "stdout", "text": "one\ntwo\n"}));
}

#[tokio::test]
async fn what_python_evaluates_to_is_a_result() {
    // To Livy it is the word "echo", to Python a difference.
    let value = run("pyspark", "echo -1").await;
    let result = json!({"execution_count": 1, "data": {"text/plain": "-1"}, "metadata": {}});
    assert_eq!(*value.only("execute_result"), result);
}

#[tokio::test]
async fn a_cell_that_says_nothing_shows_nothing() {
    assert!(run("pyspark", "log quiet").await.outputs().is_empty());
}

#[tokio::test]
async fn what_scala_evaluates_to_is_a_result_after_what_it_prints() {
    let done = run("spark", "echo printed\necho res0: Int = 2").await;
    let [printed, value] = done.outputs()[..] else { panic!("{done:#?}") };
    assert_eq!(printed.content["text"], "printed\n");
    assert_eq!(value.msg_type(), "execute_result");
    assert_eq!(value.content["data"], json!({"text/plain": "res0: Int = 2"}));
}

#[tokio::test]
async fn what_r_says_is_a_stream() {
    assert_eq!(run("sparkr", "echo [1] 2").await.only("stream")["text"], "[1] 2\n");
}

#[tokio::test]
async fn sql_rows_are_a_table_in_html_and_in_text() {
    let rows = json!({"schema": {"type": "struct", "fields": [
        {"name": "id", "type": "long"}, {"name": "name", "type": "string"}]},
        "data": [[1, "<b>"], [2, null]]});
    let done = run_data("sql", json!({"application/json": rows})).await;
    let result = done.only("execute_result");
    assert_eq!(mime_types(result), ["text/html", "text/plain"]);
    let html = result["data"]["text/html"].as_str().unwrap();
    assert!(
        html.contains("<th>name<br><small>string</small>") && html.contains("&lt;b&gt;"),
        "{html}"
    );
    let text = result["data"]["text/plain"].as_str().unwrap();
    assert!(text.contains("NULL") && text.ends_with("2 rows"), "{text}");
}

#[tokio::test]
async fn sql_without_columns_shows_nothing() {
    let nothing = json!({"schema": {"type": "struct", "fields": []}, "data": []});
    assert!(run_data("sql", json!({"application/json": nothing})).await.outputs().is_empty());
}

#[tokio::test]
async fn livys_own_table_is_a_table() {
    let table = json!({"headers": [{"type": "BIGINT_TYPE", "name": "n"}], "data": [[7]]});
    let done = run_data("pyspark", json!({"application/vnd.livy.table.v1+json": table})).await;
    assert_eq!(mime_types(done.only("execute_result")), ["text/html", "text/plain"]);
}

#[tokio::test]
async fn json_is_a_result_with_a_text_beside_it() {
    let done = run_data("pyspark", json!({"application/json": {"a": [1, "é"]}})).await;
    let data = &done.only("execute_result")["data"];
    assert_eq!(data["application/json"], json!({"a": [1, "é"]}));
    assert!(data["text/plain"].as_str().unwrap().contains("\"é\""), "{data}");
}

#[tokio::test]
async fn an_image_is_displayed() {
    let data = json!({"image/png": "iVBORw0KGgo="});
    assert_eq!(run_data("pyspark", data.clone()).await.only("display_data")["data"], data);
}

#[tokio::test]
async fn html_and_svg_are_displayed() {
    for data in [json!({"text/html": "<b>x</b>"}), json!({"image/svg+xml": "<svg/>"})] {
        assert_eq!(run_data("spark", data.clone()).await.only("display_data")["data"], data);
    }
}

#[tokio::test]
async fn a_bundle_of_several_types_stays_one_message() {
    let data = json!({"text/html": "<b>x</b>", "text/plain": "x", "image/svg+xml": "<svg/>"});
    assert_eq!(run_data("pyspark", data.clone()).await.only("display_data")["data"], data);
}

#[tokio::test]
async fn a_notebook_file_can_hold_every_output() {
    // Only JSON may be anything but text there.
    let data = json!({"text/html": 7, "application/geo+json": {"type": "Point"}});
    let done = run_data("pyspark", data).await;
    let data = &done.only("display_data")["data"];
    assert!(data["text/html"].is_string(), "{data}");
    assert!(data["application/geo+json"].is_object(), "{data}");
}

#[tokio::test]
async fn a_megabyte_of_text_comes_whole() {
    let text = "ä".repeat(500_000);
    let done = run("sparkr", &format!("echo {text}")).await;
    let shown: String =
        done.outputs().iter().map(|stream| stream.content["text"].as_str().unwrap()).collect();
    assert!(shown == format!("{text}\n"), "{} bytes came", shown.len());
}
