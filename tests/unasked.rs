use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Channel, Frontend, Livy};

/// Soon enough that nobody waits.
const AT_ONCE: Duration = Duration::from_millis(500);

const LIST: &str = "_jupyterlab_variableinspector_dict_list()";
/// What inspectors send to kernels of these languages when a cell begins.
const INSPECTORS: [(&str, &str); 4] = [
    ("pyspark", LIST),
    ("pyspark", "import json\n__mljar_variable_inspector_dict_list()"),
    ("spark", "_root_.almond.api.JupyterAPIHolder.value.VariableInspector.dictList()"),
    ("sparkr", ".ls.objects()"),
];

fn silent() -> Value {
    json!({"silent": true})
}

#[tokio::test]
async fn a_silent_request_starts_no_session_and_succeeds() {
    let livy = Livy::start().await;
    for kind in ["pyspark", "spark", "sparkr", "sql"] {
        let mut frontend = Frontend::open(kind, &livy.url()).await;
        let done = frontend.run_with("error E e", silent()).await;
        done.is_ok();
        assert!(done.published.is_empty(), "{done:#?}");
        assert_eq!(done.reply.content["execution_count"], 0);
    }
    assert!(livy.sessions().await.is_empty());
}

#[tokio::test]
async fn inspectors_start_no_session_and_are_no_statements() {
    let livy = Livy::start().await;
    for (kind, code) in INSPECTORS {
        let mut frontend = Frontend::open(kind, &livy.url()).await;
        let done = frontend.run_with(code, json!({"store_history": false})).await;
        done.is_ok();
        assert!(done.outputs().is_empty(), "{done:#?}");
        assert!(livy.sessions().await.is_empty(), "{code}");

        frontend.run("echo hi").await.is_ok();
        frontend.run_with(code, json!({"store_history": false})).await.is_ok();
        let codes = livy.codes().await;
        assert_eq!(codes.last().map(String::as_str), Some("echo hi"), "{codes:?}");
        drop(frontend);
        livy.delete_sessions().await;
    }
}

#[tokio::test]
async fn what_no_user_has_sent_does_not_wait_for_the_running_cell() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;
    let mut cell = frontend.execute_with("sleep 30", json!({"stop_on_error": false})).await;
    livy.until_statements(2).await;
    for (code, options) in
        [("x = 1", silent()), ("_VSCODE_getVariable(1)", json!({"store_history": false}))]
    {
        let begun = Instant::now();
        frontend.run_with(code, options).await.is_ok();
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    }
    frontend.interrupt().await;
    cell.end().await.error().says("KeyboardInterrupt", &[]);
    assert_eq!(livy.statements().await, 2);
}

/// jupyterlab-variableInspector asks once for each cell, when that begins.
#[tokio::test]
async fn an_inspector_that_asks_at_a_cells_start_is_idle_after_the_cell() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;
    let mut cell = frontend.execute("sleep 1").await;
    livy.until_statements(2).await;
    let begun = Instant::now();
    let mut asked = frontend.execute_with(LIST, json!({"store_history": false})).await;
    assert_eq!(asked.recv_reply().await.content["status"], "ok");
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    cell.end().await.is_ok();
    asked.end_without_reply().await;
    assert!(begun.elapsed() > Duration::from_millis(500), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_cells_error_aborts_no_silent_request() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;
    let mut cell = frontend.execute("error E e").await;
    let mut asked = frontend.execute_with("x = 1", silent()).await;
    asked.end().await.is_ok();
    assert_eq!(cell.end().await.status(), "error");
}

#[tokio::test]
async fn expressions_of_a_silent_request_say_why_they_have_no_value() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;
    let asked = json!({"silent": true, "code": "", "user_expressions": {"x": "1"}});
    let done = frontend.ask(Channel::Shell, "execute_request", asked).await;
    assert_eq!(done.reply.content["user_expressions"]["x"]["status"], "error");
    assert!(livy.sessions().await.is_empty());
}
