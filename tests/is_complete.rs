use serde_json::{Value, json};

use crate::support::{Channel, Frontend, Livy};

async fn check(frontend: &mut Frontend, code: &str, expected: Value) {
    let asked = json!({"code": code});
    let done = frontend.ask(Channel::Shell, "is_complete_request", asked).await;
    assert_eq!(done.reply.content, expected, "{code:?}");
}

fn incomplete(indent: &str) -> Value {
    json!({"status": "incomplete", "indent": indent})
}

#[tokio::test]
async fn python_is_judged_by_its_grammar() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    check(&mut frontend, "1 + 1", json!({"status": "complete"})).await;
    check(&mut frontend, "f(", incomplete("")).await;
    check(&mut frontend, "if x:", incomplete("    ")).await;
    check(&mut frontend, "if x:\n    y\n    ", json!({"status": "complete"})).await;
    check(&mut frontend, "x = = 1", json!({"status": "invalid"})).await;
}

#[tokio::test]
async fn so_are_scala_r_and_sql() {
    let livy = Livy::start().await;
    for (kind, whole, begun, indent, wrong) in [
        ("spark", "val x = 1", "def f = {", "  ", "f(1))"),
        ("sparkr", "x <- 1", "x <-", "", "f(1))"),
        ("sql", "select 1", "select * from", "", "select 1)"),
    ] {
        let mut frontend = Frontend::open(kind, &livy.url()).await;
        check(&mut frontend, whole, json!({"status": "complete"})).await;
        check(&mut frontend, begun, incomplete(indent)).await;
        check(&mut frontend, wrong, json!({"status": "invalid"})).await;
    }
}

#[tokio::test]
async fn a_cell_magic_says_whose_grammar_it_is() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    check(&mut frontend, "%%sql", incomplete("")).await;
    check(&mut frontend, "%%sql\nselect * from", incomplete("")).await;
    check(&mut frontend, "%%sql\nselect 1", incomplete("")).await;
    check(&mut frontend, "%%sql\nselect 1\n\n", json!({"status": "complete"})).await;
    check(&mut frontend, "%%bash\nls", incomplete("")).await;
    check(&mut frontend, "%%bash\nls\n\n", json!({"status": "complete"})).await;
}

#[tokio::test]
async fn ipythons_syntax_is_complete() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    for code in ["!ls", "f?", "x = !ls", "%time f()", "await f()"] {
        check(&mut frontend, code, json!({"status": "complete"})).await;
    }
    check(&mut frontend, "!ls \\", incomplete("")).await;
    check(&mut frontend, "for a in b:\n    !ls", incomplete("    ")).await;
}
