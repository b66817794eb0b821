use std::time::{Duration, Instant};

use livy_client::session;

use super::*;

/// A statement is asked for, twice in vain.
async fn is_asked_again(fault: Fault, reaches_livy: bool) {
    let bench = Bench::start().await;
    let id = bench.submit("echo hi").await.unwrap().id;
    bench.network.once(Asked::Statement, fault.clone());
    bench.network.once(Asked::Statement, fault);
    assert_eq!(bench.get(&id).await.unwrap().id, id);
    bench.network.saw(Asked::Statement, 3, if reaches_livy { 3 } else { 1 });
}

#[tokio::test]
async fn a_get_is_asked_again_after_every_fault_that_passes() {
    tokio::join!(
        is_asked_again(Fault::ResetUnread, false),
        is_asked_again(Fault::ResetRead, false),
        is_asked_again(Fault::LoseAnswer, true),
        is_asked_again(Fault::Truncate, true),
        is_asked_again(Fault::Hang, false),
        is_asked_again(Fault::HoldAnswer, true),
        is_asked_again(Fault::Stall, true),
        is_asked_again(status(429), false),
        is_asked_again(status(502), false),
        is_asked_again(status(503), false),
        is_asked_again(status(504), false),
    );
}

#[tokio::test]
async fn a_get_with_a_bad_or_slow_answer_is_sent_once() {
    for (fault, says) in [
        (Fault::Answer(page()), Some("Sign in please")),
        (Fault::Answer(Answer::json("[]")), Some("not as documented")),
        (Fault::Answer(Answer::redirect("/login")), Some("redirects elsewhere")),
        (Fault::Answer(Answer::page(500, "<html>Oops</html>")), Some("Oops")),
        (Fault::Trickle { pieces: 20, pause: Duration::from_millis(15) }, None),
    ] {
        let bench = Bench::start().await;
        let id = bench.submit("echo hi").await.unwrap().id;
        bench.network.once(Asked::Statement, fault);
        match (bench.get(&id).await, says) {
            (Err(error), Some(says)) => assert!(error.to_string().contains(says), "{error}"),
            (Ok(_), None) => {}
            (answer, says) => panic!("{answer:?}, and not {says:?}"),
        }
        assert_eq!(bench.network.count(Asked::Statement), 1);
        bench.network.saw(Asked::Other, 0, 0);
    }
}

#[tokio::test]
async fn a_refused_connection_is_tried_until_somebody_listens() {
    let mut bench = Bench::start().await;
    bench.network.set(Network::Refuses).await;
    let (client, session) = (bench.client.clone(), bench.session.clone());
    let running =
        tokio::spawn(
            async move { client.run_statement(&session, &new("echo hi"), &[]).await.unwrap() },
        );
    tokio::time::sleep(Duration::from_millis(400)).await;
    bench.network.set(Network::Up).await;
    running.await.unwrap();
    bench.network.saw(Asked::NewStatement, 1, 1);
    bench.network.saw(Asked::Statements, 0, 0);
    assert_eq!(bench.livy.codes().await, ["echo hi"]);
}

#[tokio::test]
async fn retry_after_is_obeyed_until_it_asks_for_too_much() {
    let bench = Bench::start().await;
    let id = bench.submit("echo hi").await.unwrap().id;
    for status in [503, 429] {
        let busy = Answer::status(status).retry_after(1);
        bench.network.once(Asked::Statement, Fault::Answer(busy));
    }
    bench.get(&id).await.unwrap();
    let pauses = bench.network.pauses(Asked::Statement);
    assert_eq!(pauses.len(), 2);
    assert!(pauses.iter().all(|pause| pause.as_secs_f64() >= 1.0), "{pauses:?}");

    bench.network.once(Asked::Statement, Fault::Answer(Answer::status(429).retry_after(60)));
    let begun = Instant::now();
    let refusal = bench.get(&id).await.unwrap_err();
    assert!(refusal.is_throttled(), "{refusal}");
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    bench.network.saw(Asked::Statement, 4, 1);
}

#[tokio::test]
async fn a_server_that_stays_away_is_given_up_after_a_few_requests() {
    let bench = Bench::start().await;
    let id = bench.submit("echo hi").await.unwrap().id;
    bench.network.always(Asked::Statement, status(503));
    let begun = Instant::now();
    assert!(bench.get(&id).await.unwrap_err().is_temporary());
    assert!(begun.elapsed() <= Duration::from_secs(3), "{:?}", begun.elapsed());
    // After 0.1, 0.2, 0.4, 0.8 s and so on, or after half of that by chance.
    let count = bench.network.count(Asked::Statement);
    assert!((4..=6).contains(&count), "{count} requests");
}

#[tokio::test]
async fn a_server_that_hangs_has_its_deadline_for_every_request() {
    let bench = Bench::start().await;
    for asked in [Asked::Statement, Asked::NewStatement, Asked::Cancel, Asked::Sessions] {
        bench.network.always(asked, Fault::Hang);
    }
    let client = client(&bench.network, Duration::ZERO, Duration::ZERO);
    let (session, soon) = (&bench.session, Duration::from_millis(200));
    let begun = Instant::now();
    let errors = [
        client.send(statement::get(session, &"0".into()).answer_within(soon)).await.unwrap_err(),
        client.send(statement::run(session, &new("x")).answer_within(soon)).await.unwrap_err(),
        client.send(statement::cancel(session, &"0".into()).answer_within(soon)).await.unwrap_err(),
        client.send(session::list(None, None).answer_within(soon)).await.unwrap_err(),
    ];
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    for error in errors {
        assert!(error.to_string().contains("no answer in time"), "{error}");
    }
}
