use std::time::{Duration, Instant};

use super::*;
use crate::support::{Done, Frontend};

/// A kernel with a session that has run nothing but `echo ready`.
async fn kernel() -> (Livy, Proxy, Frontend) {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Up).await;
    let frontend = Frontend::ready("pyspark", &network.url()).await;
    network.saw(Asked::NewStatement, 1, 1);
    (livy, network, frontend)
}

/// What the cell's display about the network has said.
fn notices(done: &Done) -> Vec<&str> {
    let notices = done.published.iter().filter(|message| {
        message.msg_type().ends_with("display_data")
            && !message.content["transient"]["display_id"].is_null()
    });
    notices.map(|notice| notice.content["data"]["text/plain"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_cell_whose_answer_is_lost_runs_once_and_shows_its_result() {
    for fault in [Fault::LoseAnswer, Fault::Truncate, Fault::ReplaceAnswer(Answer::status(502))] {
        let (livy, network, mut frontend) = kernel().await;
        network.once(Asked::NewStatement, fault);
        assert_eq!(frontend.run("echo hi").await.text(), "hi");
        network.saw(Asked::NewStatement, 2, 2);
        network.saw(Asked::Statements, 1, 1);
        assert_eq!(livy.codes().await, ["echo ready", "echo hi"]);
    }
}

#[tokio::test]
async fn a_cell_that_may_have_arrived_says_if_it_is_not_found() {
    let (livy, network, mut frontend) = kernel().await;
    network.once(Asked::NewStatement, Fault::ResetUnread);
    let failed = frontend.run("echo hi").await;
    failed.error().says("LivyError", &[&network.address(), "not known whether Livy runs the cell"]);
    network.saw(Asked::NewStatement, 2, 1);
    network.saw(Asked::Statements, 3, 3);
    assert_eq!(livy.codes().await, ["echo ready"]);

    assert_eq!(frontend.run("echo hi").await.text(), "hi");
    assert_eq!(livy.codes().await, ["echo ready", "echo hi"]);
}

#[tokio::test]
async fn a_cell_with_a_replaced_answer_does_not_claim_it_never_ran() {
    let (livy, network, mut frontend) = kernel().await;
    network.once(Asked::NewStatement, Fault::ReplaceAnswer(page()));
    assert_eq!(frontend.run("echo hi").await.text(), "hi");
    network.once(Asked::NewStatement, Fault::Answer(page()));
    let failed = frontend.run("echo there").await;
    failed.error().says("LivyError", &["Sign in please", "not known whether Livy runs the cell"]);
    assert_eq!(livy.codes().await, ["echo ready", "echo hi"]);
}

/// Few enough faults that a cell bears all of them, one after the other.
async fn is_polled_through<const N: usize>(faults: [Fault; N]) {
    let (livy, network, mut frontend) = kernel().await;
    let before = network.count(Asked::Statement);
    faults.into_iter().for_each(|fault| network.once(Asked::Statement, fault));
    assert_eq!(frontend.run("sleep 0.2\necho hi").await.text(), "hi");
    assert!(network.count(Asked::Statement) >= before + N);
    network.saw(Asked::NewStatement, 2, 2);
    assert_eq!(livy.codes().await, ["echo ready", "sleep 0.2\necho hi"]);
}

#[tokio::test]
async fn a_cell_is_polled_through_a_server_in_trouble() {
    is_polled_through([
        status(502),
        Fault::Answer(Answer::status(503).retry_after(1)),
        status(504),
        Fault::Answer(Answer::status(429).retry_after(1)),
    ])
    .await;
}

#[tokio::test]
async fn a_cell_is_polled_through_a_network_in_trouble() {
    is_polled_through([
        Fault::ResetUnread,
        Fault::ResetRead,
        Fault::LoseAnswer,
        Fault::Truncate,
        Fault::Trickle { pieces: 10, pause: Duration::from_millis(10) },
    ])
    .await;
}

#[tokio::test]
async fn a_cell_is_polled_through_answers_that_make_no_sense() {
    is_polled_through([Fault::Answer(page()), Fault::Answer(Answer::json(r#"{"id": []}"#))]).await;
}

#[tokio::test]
async fn trouble_that_lasts_is_said_in_the_cell_and_so_is_its_end() {
    let (livy, network, mut frontend) = kernel().await;
    network.always(Asked::Statement, status(503));
    let mut cell = frontend.execute("echo hi").await;
    tokio::time::sleep(Duration::from_millis(6500)).await;
    network.mend();
    let done = cell.end().await;
    assert_eq!(done.text(), "hi");
    let notices = notices(&done);
    let [told @ .., over] = &notices[..] else { panic!("nothing was said: {done:#?}") };
    assert!(!told.is_empty() && told.iter().all(|told| told.contains("Trying for")), "{told:?}");
    assert!(told[0].contains("for 5 s") || told[0].contains("for 6 s"), "{told:?}");
    assert_eq!(*over, "The connection to Livy was lost for a while.\n");
    assert_eq!(livy.codes().await, ["echo ready", "echo hi"]);
}

#[tokio::test]
async fn trouble_that_has_not_ended_is_not_said_to_be_over() {
    let (_livy, network, mut frontend) = kernel().await;
    network.always(Asked::Statement, status(503));
    let mut cell = frontend.execute("echo hi").await;
    tokio::time::sleep(Duration::from_millis(6500)).await;
    frontend.interrupt().await;
    let done = cell.end().await;
    assert_eq!(notices(&done).last(), Some(&"The connection to Livy was lost.\n"));
}

#[tokio::test]
async fn a_server_that_takes_its_time_is_said_to_in_the_cell() {
    let (livy, network, mut frontend) = kernel().await;
    network.once(Asked::Statement, Fault::Hang);
    let mut cell = frontend.execute("echo hi").await;
    tokio::time::sleep(Duration::from_millis(6500)).await;
    network.mend();
    frontend.interrupt().await;
    let done = cell.end().await;
    let notices = notices(&done);
    assert!(notices[0].contains("has not answered yet. Trying for 5 s"), "{notices:?}");
    assert_eq!(livy.codes().await, ["echo ready", "echo hi"]);
}

#[tokio::test]
async fn trouble_that_passes_soon_is_not_worth_a_word() {
    let (_livy, network, mut frontend) = kernel().await;
    network.once(Asked::Statement, status(503));
    network.once(Asked::Statement, Fault::ResetRead);
    let done = frontend.run("echo hi").await;
    assert_eq!(done.text(), "hi");
    assert!(notices(&done).is_empty(), "{done:#?}");
}

#[tokio::test]
async fn an_interrupt_ends_a_cell_that_is_asked_for_again_and_again() {
    let (livy, network, mut frontend) = kernel().await;
    network.always(Asked::Statement, status(503));
    let before = network.count(Asked::Statement);
    let mut cell = frontend.execute("sleep 20").await;
    network.until(Asked::Statement, before + 2).await;
    frontend.interrupt().await;
    let begun = Instant::now();
    cell.end().await.error().says("KeyboardInterrupt", &[]);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    network.saw(Asked::Cancel, 1, 1);
    assert_eq!(livy.codes().await, ["echo ready", "sleep 20"]);
}

#[tokio::test]
async fn an_interrupt_ends_the_resending_of_a_statement() {
    let (livy, network, mut frontend) = kernel().await;
    network.always(Asked::NewStatement, Fault::Answer(Answer::status(429).retry_after(3)));
    let mut cell = frontend.execute("echo hi").await;
    network.until(Asked::NewStatement, 2).await;
    frontend.interrupt().await;
    let begun = Instant::now();
    cell.end().await.error().says("KeyboardInterrupt", &[]);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    network.mend();
    tokio::time::sleep(Duration::from_secs(4)).await;
    network.saw(Asked::NewStatement, 2, 1);
    assert_eq!(livy.codes().await, ["echo ready"]);
}

#[tokio::test]
async fn a_redirect_or_refusal_ends_the_cell_at_once() {
    let (livy, network, mut frontend) = kernel().await;
    for (answer, says) in [
        (Answer::redirect("https://sso.example/login"), "redirects elsewhere, as a login page"),
        (Answer::status(401), "HTTP 401"),
        (Answer::page(403, "<html><title>Keep out</title></html>"), "Keep out"),
    ] {
        network.once(Asked::NewStatement, Fault::Answer(answer));
        let failed = frontend.run("echo hi").await;
        failed.error().says("LivyError", &[says, "The cell did not run"]);
    }
    network.saw(Asked::NewStatement, 4, 1);
    network.saw(Asked::Other, 0, 0);
    assert_eq!(livy.codes().await, ["echo ready"]);
}

#[tokio::test]
async fn a_session_is_not_started_by_what_is_no_livy_and_that_is_said() {
    for (answer, says) in [
        (Answer::redirect("/login"), "redirects elsewhere"),
        (Answer::json(r#"{"hello": "world"}"#), "is this the address of a Livy server?"),
        (page(), "Sign in please"),
    ] {
        let livy = Livy::start().await;
        let network = Proxy::to(&livy, Network::Up).await;
        network.once(Asked::NewSession, Fault::Answer(answer));
        let mut frontend = Frontend::open("pyspark", &network.url()).await;
        frontend.run("echo hi").await.error().says("SessionStartError", &[says]);
        network.saw(Asked::NewSession, 1, 0);
        assert!(livy.sessions().await.is_empty());
    }
}

#[tokio::test]
async fn a_first_cell_finds_a_session_started_without_an_answer() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Up).await;
    network.once(Asked::NewSession, Fault::LoseAnswer);
    let mut frontend = Frontend::open("pyspark", &network.url()).await;
    assert_eq!(frontend.run("echo hi").await.text(), "hi");
    network.saw(Asked::NewSession, 1, 1);
    network.saw(Asked::Sessions, 1, 1);
    assert_eq!(livy.codes().await, ["echo hi"]);
}

#[tokio::test]
async fn cells_that_were_queued_keep_their_order_on_a_bad_network() {
    let (livy, network, mut frontend) = kernel().await;
    network.every(4, Asked::NewStatement, Fault::LoseAnswer);
    network.every(6, Asked::NewStatement, status(429));
    network.every(5, Asked::Statement, Fault::ResetUnread);
    let mut cells = Vec::new();
    for number in 0..30 {
        cells.push(frontend.execute(&format!("echo {number}")).await);
    }
    for (number, cell) in cells.iter_mut().enumerate() {
        assert_eq!(cell.end().await.text(), number.to_string());
    }
    let codes: Vec<_> = (0..30).map(|number| format!("echo {number}")).collect();
    assert_eq!(livy.codes().await[1..], codes);
}
