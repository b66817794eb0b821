use serde_json::{Value, json};

use crate::support::{Channel, Frontend, Livy};

async fn check(frontend: &mut Frontend, code: &str, expected: Value) {
    let asked = json!({"code": code});
    let done = frontend.ask(Channel::Shell, "is_complete_request", asked).await;
    assert_eq!(done.reply.content, expected, "{code:?}");
}

#[tokio::test]
async fn python_is_judged_by_its_grammar() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    check(&mut frontend, "1 + 1", json!({"status": "complete"})).await;
    check(&mut frontend, "f(", json!({"status": "incomplete", "indent": ""})).await;
    check(&mut frontend, "if x:", json!({"status": "incomplete", "indent": "    "})).await;
    check(&mut frontend, "x = = 1", json!({"status": "invalid"})).await;
    check(&mut frontend, "%%sql\nselect 1", json!({"status": "unknown"})).await;
}

#[tokio::test]
async fn of_other_languages_it_is_not_known() {
    let livy = Livy::start().await;
    for kind in ["spark", "sparkr", "sql"] {
        let mut frontend = Frontend::open(kind, &livy.url()).await;
        check(&mut frontend, "x", json!({"status": "unknown"})).await;
    }
}
