use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Answer, Asked, Channel, Fault, Frontend, Livy, Network, Proxy};

/// What completing at a cursor yields, whose matches must each have a type.
async fn complete(frontend: &mut Frontend, code: &str, cursor: i64) -> Value {
    let asked = json!({"code": code, "cursor_pos": cursor});
    let content = frontend.ask(Channel::Shell, "complete_request", asked).await.reply.content;
    let types = content["metadata"]["_jupyter_types_experimental"].as_array().unwrap();
    let texts: Vec<_> = types.iter().map(|typed| typed["text"].clone()).collect();
    assert_eq!(content["matches"], json!(texts), "{content}");
    assert!(types.iter().all(|typed| typed["type"].is_string()), "{content}");
    content
}

/// Completes at a cursor; what is to be replaced must lie where it is expected.
async fn check(frontend: &mut Frontend, code: &str, cursor: i64, start: i64, end: i64) {
    let content = complete(frontend, code, cursor).await;
    let place = (&content["cursor_start"], &content["cursor_end"]);
    assert_eq!(content["status"], "ok", "{content}");
    assert_eq!(place, (&start.into(), &end.into()), "{code:?} at {cursor}");
}

/// The matches at the end of the code.
async fn matches(frontend: &mut Frontend, code: &str) -> Value {
    complete(frontend, code, 999).await["matches"].take()
}

#[tokio::test]
async fn it_is_answered_with_and_without_a_session() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    check(&mut frontend, "spark.ra", 8, 6, 8).await;
    assert!(livy.sessions().await.is_empty());
    frontend.run("echo hi").await.is_ok();
    check(&mut frontend, "spark.ra", 8, 6, 8).await;
}

#[tokio::test]
async fn the_cursor_counts_code_points_and_may_be_anywhere() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    check(&mut frontend, "\"𨭎\".len", 7, 4, 7).await;
    check(&mut frontend, "ab", 99, 0, 2).await;
    check(&mut frontend, "ab", -1, 0, 0).await;
    check(&mut frontend, "", 0, 0, 0).await;
    check(&mut frontend, "%%sql\n𨭎x", 8, 6, 8).await;
    check(&mut frontend, "%%sql\nx", 2, 0, 2).await;
}

#[tokio::test]
async fn livy_gets_the_cursor_as_the_jvm_counts() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("spark", &livy.url()).await;

    // The scripted interpreter offers the code before the cursor, and counts code points.
    assert_eq!(matches(&mut frontend, "ab").await, json!(["ab"]));
    assert_eq!(complete(&mut frontend, "\"𨭎\"xy", 3).await["matches"], json!(["\"𨭎\"x"]));
}

#[tokio::test]
async fn a_cell_is_completed_in_the_language_of_its_magic() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    assert_eq!(matches(&mut frontend, "ab").await, json!([]));
    assert_eq!(matches(&mut frontend, "%%spark\nab").await, json!(["ab"]));
}

#[tokio::test]
async fn typing_on_after_a_dot_asks_nobody() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Up).await;
    let mut frontend = Frontend::ready("spark", &network.url()).await;

    assert_eq!(matches(&mut frontend, "ab.").await, json!(["ab."]));
    network.saw(Asked::Completion, 1, 1);
    for (code, found) in [
        ("ab.ab", json!(["ab."])),
        ("ab.b", json!([])),
        ("ab.", json!(["ab."])),
        ("ab.toS", json!(["toString"])),
    ] {
        let begun = Instant::now();
        assert_eq!(matches(&mut frontend, code).await, found, "{code}");
        assert!(begun.elapsed() < Duration::from_millis(50), "{:?}", begun.elapsed());
    }
    network.saw(Asked::Completion, 1, 1);

    matches(&mut frontend, "cd.a").await;
    network.saw(Asked::Completion, 2, 2);
    matches(&mut frontend, "cd.").await;
    network.saw(Asked::Completion, 2, 2);
    // A cell may have changed what there is.
    frontend.run("echo hi").await.is_ok();
    matches(&mut frontend, "cd.").await;
    network.saw(Asked::Completion, 3, 3);
}

#[tokio::test]
async fn magics_are_completed_and_explained_without_livy() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("sql", &livy.url()).await;

    let found =
        json!(["%%spark", "%%scala", "%%scalaspark", "%%sparkr", "%%sql", "%%send_to_spark"]);
    assert_eq!(matches(&mut frontend, "%%s").await, found);
    assert_eq!(matches(&mut frontend, "%%pyspark\n%matplot p").await, json!(["plt"]));
    assert_eq!(matches(&mut frontend, "select 1 %").await, json!([]));

    let help = json!({"code": "%%sql", "cursor_pos": 5, "detail_level": 0});
    let help = frontend.ask(Channel::Shell, "inspect_request", help).await.reply.content;
    assert_eq!(help["found"], true);
    assert!(help["data"]["text/plain"].as_str().unwrap().contains("SQL"), "{help}");
    let nothing = json!({"code": "select", "cursor_pos": 99, "detail_level": 0});
    let nothing = frontend.ask(Channel::Shell, "inspect_request", nothing).await.reply.content;
    assert_eq!(nothing, json!({"status": "ok", "found": false, "data": {}, "metadata": {}}));
    assert!(livy.sessions().await.is_empty());
}

#[tokio::test]
async fn it_is_answered_while_a_cell_runs() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("spark", &livy.url()).await;

    let mut cell = frontend.execute("sleep 0.5\necho hi").await;
    cell.recv_busy().await;
    assert_eq!(matches(&mut frontend, "x").await, json!(["x"]));
    let name = json!({"code": "x", "cursor_pos": 1, "detail_level": 0});
    frontend.ask(Channel::Shell, "inspect_request", name).await.is_ok();
    cell.end().await.is_ok();
}

#[tokio::test]
async fn it_is_answered_while_livy_refuses_or_hangs() {
    let livy = Livy::start().await;
    let mut network = Proxy::to(&livy, Network::Up).await;
    let mut frontend = Frontend::ready("pyspark", &network.url()).await;

    for fault in [Network::Refuses, Network::Hangs] {
        network.set(fault).await;
        check(&mut frontend, "x", 1, 0, 1).await;
    }
}

#[tokio::test]
async fn an_answer_that_failed_is_asked_for_again() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Up).await;
    let mut frontend = Frontend::ready("spark", &network.url()).await;

    network.once(Asked::Completion, Fault::Answer(Answer::status(400)));
    assert_eq!(matches(&mut frontend, "ab.").await, json!([]));
    assert_eq!(matches(&mut frontend, "ab.").await, json!(["ab."]));
}

#[tokio::test]
async fn the_catalog_is_not_asked_while_a_cell_runs() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("sql", &livy.url()).await;
    let before = livy.codes().await;

    let mut cell = frontend.execute("spin 0.5\necho hi").await;
    cell.recv_busy().await;
    while livy.codes().await.len() == before.len() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(matches(&mut frontend, "select * from x").await, json!([]));
    cell.end().await.is_ok();
    assert_eq!(livy.codes().await[before.len()..], ["spin 0.5\necho hi"]);
    matches(&mut frontend, "select * from x").await;
    assert_eq!(livy.codes().await[before.len() + 1..], ["SHOW TABLES", "SHOW DATABASES"]);
}
