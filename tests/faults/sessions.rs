use livy_client::{Fate, Session};
use serde_json::{Value, json};

use super::*;
use crate::support::named;

async fn create(bench: &Bench) -> Result<Session, Error> {
    bench.client.create_session(&named("mine")).await
}

async fn named_mine(bench: &Bench) -> usize {
    let sessions = bench.livy.sessions().await;
    sessions.iter().filter(|session| session.name.as_deref() == Some("mine")).count()
}

async fn is_found(fault: Fault) {
    let bench = Bench::start().await;
    bench.network.once(Asked::NewSession, fault.clone());
    let session = create(&bench).await.unwrap();
    assert_eq!(session.name.as_deref(), Some("mine"), "{fault:?}");
    bench.network.saw(Asked::NewSession, 1, 1);
    bench.network.saw(Asked::Sessions, 1, 1);
    assert_eq!(named_mine(&bench).await, 1, "{fault:?}");
}

async fn is_missed(fault: Fault) {
    let bench = Bench::start().await;
    bench.network.once(Asked::NewSession, fault.clone());
    assert_eq!(create(&bench).await.unwrap_err().fate(), Fate::Unknown, "{fault:?}");
    bench.network.saw(Asked::NewSession, 1, 0);
    bench.network.saw(Asked::Sessions, 3, 3);
    assert_eq!(named_mine(&bench).await, 0, "{fault:?}");
}

#[tokio::test]
async fn a_session_whose_answer_is_lost_is_found_by_its_name() {
    tokio::join!(
        is_found(Fault::LoseAnswer),
        is_found(Fault::Truncate),
        is_found(Fault::HoldAnswer),
        is_found(Fault::ReplaceAnswer(Answer::status(504))),
    );
}

#[tokio::test]
async fn a_session_whose_answer_makes_no_sense_is_looked_up_too() {
    is_found(Fault::ReplaceAnswer(page())).await;
}

#[tokio::test]
async fn a_session_that_may_exist_is_looked_up_and_not_started_again() {
    tokio::join!(
        is_missed(Fault::ResetUnread),
        is_missed(Fault::ResetRead),
        is_missed(status(502)),
        is_missed(status(503)),
    );
}

#[tokio::test]
async fn a_session_request_that_was_not_read_is_sent_again() {
    let bench = Bench::start().await;
    bench.network.once(Asked::NewSession, status(429));
    create(&bench).await.unwrap();
    bench.network.saw(Asked::NewSession, 2, 1);
    bench.network.saw(Asked::Sessions, 0, 0);
    assert_eq!(named_mine(&bench).await, 1);
}

#[tokio::test]
async fn a_session_is_found_behind_a_hundred_others() {
    let bench = Bench::start().await;
    let others: Vec<Value> = (0..100).map(|id| json!({"id": id, "name": null})).collect();
    let first = json!({"from": 0, "total": 101, "sessions": others});
    let second = json!({"from": 100, "total": 101, "sessions": [{"id": 100, "name": "mine"}]});
    bench.network.once(Asked::NewSession, Fault::LoseAnswer);
    bench.network.once(Asked::Sessions, Fault::Answer(Answer::json(first.to_string())));
    bench.network.once(Asked::Sessions, Fault::Answer(Answer::json(second.to_string())));
    assert_eq!(create(&bench).await.unwrap().id, "100".into());
    bench.network.saw(Asked::NewSession, 1, 1);
}
