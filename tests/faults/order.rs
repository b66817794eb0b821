use std::sync::Arc;

use tokio::task::JoinSet;

use super::*;

/// Loses an answer or turns a request away every now and then, and has bad polls in between.
fn spoil(network: &Proxy) {
    network.every(7, Asked::NewStatement, Fault::LoseAnswer);
    network.every(11, Asked::NewStatement, status(429));
    network.every(13, Asked::NewStatement, Fault::Truncate);
    network.every(9, Asked::Statements, Fault::ResetRead);
    network.every(5, Asked::Statement, Fault::ResetUnread);
    network.every(6, Asked::Statement, status(502));
}

#[tokio::test]
async fn two_hundred_statements_on_a_bad_network_keep_their_order() {
    let bench = Bench::start().await;
    spoil(&bench.network);
    let mut codes = Vec::new();
    for number in 0..200 {
        let code = format!("echo {number}");
        assert_eq!(bench.run(&code).await, number.to_string());
        codes.push(code);
        // A Livy keeps its last hundred statements.
        if number == 99 {
            assert_eq!(bench.livy.codes().await, codes);
            codes.clear();
        }
    }
    assert_eq!(bench.livy.codes().await, codes);
}

#[tokio::test]
async fn twenty_statements_at_once_on_a_bad_network_run_once_each() {
    let bench = Arc::new(Bench::start().await);
    spoil(&bench.network);
    let mut running = JoinSet::new();
    for number in 0..20 {
        let bench = Arc::clone(&bench);
        running.spawn(async move {
            assert_eq!(bench.run(&format!("echo {number}")).await, number.to_string());
        });
    }
    running.join_all().await;
    let mut codes = bench.livy.codes().await;
    codes.sort();
    let mut expected: Vec<_> = (0..20).map(|number| format!("echo {number}")).collect();
    expected.sort();
    assert_eq!(codes, expected);
}
