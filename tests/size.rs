use serde_json::json;
use tokio::sync::Mutex;

use crate::support::{Answer, Asked, Fault, Frontend, Livy, Network, Proxy};

/// Each of these tests takes a processor and some 300 MB.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// What JupyterLab's server lets pass at once: 1 MB a second, over three seconds.
const STREAM: usize = 3_000_000;

async fn run(code: &str) -> String {
    let _turn = ONE_AT_A_TIME.lock().await;
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("sparkr", &livy.url()).await;
    let done = frontend.run(code).await;
    done.is_ok();
    let text = done.only("stream")["text"].as_str().unwrap().to_owned();
    assert!(frontend.bytes_of("stream") < STREAM, "{}", frontend.bytes_of("stream"));
    text
}

/// The beginning and the end, without the word in between.
#[track_caller]
fn split(text: &str) -> (&str, &str) {
    let (head, rest) = text.split_once("[... ").expect("a word on what is left out");
    let (word, tail) = rest.split_once(" ...]\n").expect("its end");
    assert!(word.contains("are left out here") && word.contains("Write it to a file"), "{word}");
    (head, tail)
}

#[tokio::test]
async fn fifty_megabytes_are_shortened_to_beginning_and_end() {
    let text = run("lines 500000 100").await;
    let (head, tail) = split(&text);
    assert!(head.starts_with("0xxx") && head.ends_with("x\n"), "the first line, and whole lines");
    assert!(tail.starts_with(char::is_numeric), "whole lines: {:?}", &tail[..20]);
    assert!(tail.lines().last().unwrap().starts_with("499999x"));
}

#[tokio::test]
async fn a_hundred_thousand_short_lines_come_whole_in_one_message() {
    let text = run("lines 100000 10").await;
    assert_eq!(text.lines().count(), 100_000);
    assert!(text.lines().last().unwrap().starts_with("99999x"));
}

#[tokio::test]
async fn one_line_of_twenty_megabytes_is_cut_in_the_middle() {
    let text = run("lines 1 20000000").await;
    let (head, tail) = split(&text);
    assert!(head.starts_with("0x") && tail.ends_with("x\n"));
}

#[tokio::test]
async fn a_value_and_an_error_are_bounded_too() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;
    let long = "x".repeat(3_000_000);
    let done = frontend.run(&format!("echo -{long}")).await;
    let value = done.only("execute_result")["data"]["text/plain"].as_str().unwrap();
    assert!(value.len() < 2_100_000 && value.contains("left out"), "{}", value.len());

    let done = frontend.run(&format!("error ValueError {long}")).await;
    let failed = done.error();
    assert!(failed.text.len() < 2_100_000 && failed.text.contains("left out"));
    assert!(done.reply.content["evalue"].as_str().unwrap().len() < 2_100_000);
}

/// A kernel whose Livy answers this when it is asked for a statement.
async fn answered(body: &str) -> (Frontend, Livy, Proxy) {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Up).await;
    let frontend = Frontend::ready("sparkr", &network.url()).await;
    network.always(Asked::Statement, Fault::ReplaceAnswer(Answer::json(body)));
    (frontend, livy, network)
}

#[tokio::test]
async fn an_answer_too_large_for_memory_fails_only_its_cell() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let (mut frontend, _livy, network) = answered(&"x".repeat(130_000_000)).await;
    let done = frontend.run("sleep 0.1").await;
    done.error().says("OutputTooLarge", &["the cell has run", "larger than 128 MB", "print less"]);
    network.mend();
    frontend.run("echo hi").await.is_ok();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn memory_is_bounded_however_much_cells_print() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let text = "x".repeat(50_000_000);
    let output = json!({"status": "ok", "execution_count": 0, "data": {"text/plain": text}});
    let statement = json!({"id": 1, "state": "available", "output": output});
    let (mut frontend, _livy, _network) = answered(&statement.to_string()).await;
    for _ in 0..5 {
        let done = frontend.run("sleep 0.1").await;
        split(done.only("stream")["text"].as_str().unwrap());
    }
    let (now, most) = (frontend.kernel.megabytes("VmRSS"), frontend.kernel.megabytes("VmHWM"));
    assert!(now < 120 && most < 300, "{now} MB now, {most} MB at most");
}
