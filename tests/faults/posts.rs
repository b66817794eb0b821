use livy_client::Fate;

use super::*;

/// What a client does with a statement's POST that fails so.
struct Posted {
    /// The requests from the client and those to Livy.
    posts: (usize, usize),
    lists: usize,
    /// What Livy has at the end.
    codes: &'static [&'static str],
    fate: Option<Fate>,
}

const RUN: &[&str] = &["echo hi"];

/// It was carried out, and found in the list.
const FOUND: Posted = Posted { posts: (1, 1), lists: 1, codes: RUN, fate: None };
/// It never came to Livy, but only Livy knows, and it may be late.
const MISSED: Posted = Posted { posts: (1, 0), lists: 3, codes: &[], fate: Some(Fate::Unknown) };
/// It was not looked at, so it was sent again.
const REPEATED: Posted = Posted { posts: (2, 1), lists: 0, codes: RUN, fate: None };
/// Somebody said no.
const REFUSED: Posted = Posted { posts: (1, 0), lists: 0, codes: &[], fate: Some(Fate::Answered) };

async fn check(fault: Fault, expected: Posted) {
    let bench = Bench::start().await;
    bench.network.once(Asked::NewStatement, fault.clone());
    let result = bench.submit("echo hi").await;
    assert_eq!(result.as_ref().err().map(Error::fate), expected.fate, "{fault:?}: {result:?}");
    bench.network.saw(Asked::NewStatement, expected.posts.0, expected.posts.1);
    bench.network.saw(Asked::Statements, expected.lists, expected.lists);
    assert_eq!(bench.livy.codes().await, expected.codes, "{fault:?}");
    if let Ok(statement) = result {
        assert_eq!(statement.id, "0".into());
    }
}

#[tokio::test]
async fn a_statement_whose_answer_is_lost_is_found_in_the_list() {
    tokio::join!(
        check(Fault::LoseAnswer, FOUND),
        check(Fault::Truncate, FOUND),
        check(Fault::HoldAnswer, FOUND),
        check(Fault::Stall, FOUND),
        check(Fault::ReplaceAnswer(Answer::status(502)), FOUND),
        check(Fault::ReplaceAnswer(Answer::status(503)), FOUND),
        check(Fault::ReplaceAnswer(Answer::status(504).retry_after(1)), FOUND),
    );
}

#[tokio::test]
async fn a_statement_whose_answer_makes_no_sense_is_looked_up_too() {
    tokio::join!(
        check(Fault::ReplaceAnswer(page()), FOUND),
        check(Fault::ReplaceAnswer(Answer::json("{}")), FOUND),
        check(Fault::ReplaceAnswer(Answer::json("null")), FOUND),
        check(Fault::Answer(page()), MISSED),
    );
}

#[tokio::test]
async fn a_statement_that_may_have_arrived_is_looked_up() {
    tokio::join!(
        check(Fault::ResetUnread, MISSED),
        check(Fault::ResetRead, MISSED),
        check(Fault::Hang, MISSED),
        check(status(502), MISSED),
        check(status(503), MISSED),
        check(status(504), MISSED),
        check(Fault::Answer(Answer::status(503).retry_after(1)), MISSED),
    );
}

#[tokio::test]
async fn a_statement_that_was_not_read_is_sent_again_and_runs_once() {
    tokio::join!(
        check(status(429), REPEATED),
        check(Fault::Answer(Answer::status(429).retry_after(1)), REPEATED),
    );
}

#[tokio::test]
async fn a_refused_statement_is_neither_sent_again_nor_looked_up() {
    tokio::join!(
        check(status(400), REFUSED),
        check(status(401), REFUSED),
        check(status(404), REFUSED),
        check(status(500), REFUSED),
        check(Fault::Answer(Answer::redirect("/login")), REFUSED),
    );
}

#[tokio::test]
async fn a_reused_connection_that_has_ended_costs_no_statement() {
    let bench = Bench::start().await;
    bench.network.always(Asked::NewStatement, Fault::CloseAfter);
    bench.network.always(Asked::Statement, Fault::CloseAfter);
    let texts: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    for text in &texts {
        assert_eq!(&bench.run(&format!("echo {text}")).await, text);
    }
    let codes: Vec<_> = texts.iter().map(|text| format!("echo {text}")).collect();
    assert_eq!(bench.livy.codes().await, codes);
}

#[tokio::test]
async fn a_lost_statement_is_looked_up_on_a_failing_network() {
    let bench = Bench::start().await;
    bench.network.once(Asked::NewStatement, Fault::LoseAnswer);
    bench.network.once(Asked::Statements, Fault::ResetRead);
    bench.network.once(Asked::Statements, status(503));
    assert_eq!(bench.submit("echo hi").await.unwrap().id, "0".into());
    bench.network.saw(Asked::NewStatement, 1, 1);
    bench.network.saw(Asked::Statements, 3, 1);
    assert_eq!(bench.livy.codes().await, RUN);
}

#[tokio::test]
async fn an_older_statement_with_equal_code_is_not_the_lost_one() {
    let bench = Bench::start().await;
    let older = bench.submit("echo hi").await.unwrap().id;
    bench.network.once(Asked::NewStatement, Fault::ResetRead);
    let known = [older.clone()];
    let error = bench.client.run_statement(&bench.session, &new("echo hi"), &known).await;
    assert_eq!(error.unwrap_err().fate(), Fate::Unknown);

    bench.network.once(Asked::NewStatement, Fault::LoseAnswer);
    let newer = bench.client.run_statement(&bench.session, &new("echo hi"), &known).await.unwrap();
    assert_eq!((older, newer.id), ("0".into(), "1".into()));
    bench.network.saw(Asked::NewStatement, 3, 2);
    assert_eq!(bench.livy.codes().await, ["echo hi", "echo hi"]);
}

#[tokio::test]
async fn a_cancel_and_an_end_whose_answers_are_lost_are_not_repeated() {
    let bench = Bench::start().await;
    let id = bench.submit("sleep 20").await.unwrap().id;
    bench.network.once(Asked::Cancel, Fault::LoseAnswer);
    bench.network.once(Asked::EndSession, Fault::LoseAnswer);
    let (session, client) = (&bench.session, &bench.client);
    client.send(statement::cancel(session, &id)).await.unwrap_err();
    client.send(livy_client::session::delete(session)).await.unwrap_err();
    bench.network.saw(Asked::Cancel, 1, 1);
    bench.network.saw(Asked::EndSession, 1, 1);
    assert!(bench.livy.sessions().await.is_empty());
}
