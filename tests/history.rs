use serde_json::{Value, json};

use crate::support::{Channel, Frontend, Livy};

async fn check(frontend: &mut Frontend, asked: Value, expected: Value) {
    let done = frontend.ask(Channel::Shell, "history_request", asked).await;
    assert_eq!(done.reply.content, json!({"status": "ok", "history": expected}));
}

#[tokio::test]
async fn what_was_run_can_be_asked_for() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;
    check(&mut frontend, json!({"hist_access_type": "tail", "n": 5}), json!([])).await;
    for code in ["echo a", "echo b", "error E e", "echo a"] {
        frontend.run(code).await;
    }

    let tail = json!({"hist_access_type": "tail", "n": 2, "raw": true, "output": false});
    check(&mut frontend, tail, json!([[1, 3, "error E e"], [1, 4, "echo a"]])).await;
    let range = json!({"hist_access_type": "range", "session": 0, "start": 2, "stop": 3});
    check(&mut frontend, range, json!([[1, 2, "echo b"]])).await;
    let search = json!({"hist_access_type": "search", "pattern": "echo*", "unique": true});
    check(&mut frontend, search, json!([[1, 2, "echo b"], [1, 4, "echo a"]])).await;
    let pairs = json!({"hist_access_type": "tail", "n": 1, "output": true});
    check(&mut frontend, pairs, json!([[1, 4, ["echo a", null]]])).await;
}
