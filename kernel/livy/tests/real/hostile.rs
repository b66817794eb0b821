//! Hostile servers: they are slow, send without end, or ask for endless waits.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use flate2::{Compression, write::GzEncoder};
use livy_client::{
    Client, Endpoint, Error, MAX_RETRY_AFTER, Options, ResendPolicy, Session, Statement, Timeouts,
    session, statement,
};
use tokio::{
    io::AsyncWriteExt,
    time::{sleep, timeout},
};

use crate::support::{answer_with, options};

/// How long an answer may take to begin, and from there to its end.
const HOSTILE_ANSWER_LIMIT: Duration = Duration::from_millis(500);

fn hasty(url: &str) -> Client {
    let options = options(url);
    let timeouts = Timeouts { whole: HOSTILE_ANSWER_LIMIT, ..options.timeouts };
    Client::with_options(Options { timeouts, ..options }).unwrap()
}

async fn get_session(client: &Client) -> Result<Session, Error> {
    client.send(session::get(&"0".into()).answer_within(HOSTILE_ANSWER_LIMIT)).await
}

async fn get_statement(client: &Client) -> Result<Statement, Error> {
    client.send(statement::get(&"0".into(), &"1".into()).answer_within(HOSTILE_ANSWER_LIMIT)).await
}

/// Serves this text, and then a byte every 20 ms without end.
async fn trickle(beginning: String) -> String {
    answer_with(move |mut stream| {
        let beginning = beginning.clone();
        async move {
            let _ = stream.write_all(beginning.as_bytes()).await;
            while stream.write_all(b" ").await.is_ok() {
                sleep(Duration::from_millis(20)).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn an_answer_that_comes_a_byte_now_and_then_is_given_up_as_one_that_does_not_come() {
    let burst = format!("HTTP/1.1 200 OK\r\n\r\n{}", " ".repeat(900_000));
    for beginning in [
        &burst,
        "HTTP/1.1 200 OK",
        "HTTP/1.1 200 OK\r\nX-Trickle: ",
        "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n{",
        "HTTP/1.1 503 Busy\r\nContent-Length: 1000000\r\n\r\nBusy",
    ] {
        let client = hasty(&trickle(beginning.to_owned()).await);
        let begun = Instant::now();
        let (session, statement) = tokio::join!(get_session(&client), get_statement(&client));
        let errors = [session.unwrap_err().to_string(), statement.unwrap_err().to_string()];
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        for error in errors {
            let beginning = &beginning[..beginning.len().min(100)];
            assert!(error.contains("no answer in time"), "{error}: {beginning}");
        }
    }
}

#[tokio::test]
async fn a_large_output_may_take_longer_than_a_small_answer() {
    let url = answer_with(|mut stream| async move {
        let (piece, pieces) = ("x".repeat(150_000), 50);
        let head = r#"{"id": 1, "state": "available", "output": {"status": "ok", "data": {"text/plain": ""#;
        let length = head.len() + pieces * piece.len() + 4;
        let begin = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{head}");
        stream.write_all(begin.as_bytes()).await.unwrap();
        for _ in 0..pieces {
            if stream.write_all(piece.as_bytes()).await.is_err() {
                return;
            }
            sleep(Duration::from_millis(30)).await;
        }
        let _ = stream.write_all(b"\"}}}").await;
    })
    .await;
    let client = hasty(&url);
    let (session, statement) = tokio::join!(get_session(&client), get_statement(&client));
    assert!(matches!(session, Err(Error::Lost { .. })), "{session:?}");
    assert!(statement.unwrap().is_finished());
}

#[tokio::test]
async fn a_wait_beyond_all_clocks_is_an_error_at_once_and_says_so() {
    for wait in ["18446744073709551615", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"]
    {
        for status in [429, 503] {
            let url = answer_with(move |mut stream| async move {
                let head = format!(
                    "HTTP/1.1 {status} X\r\nRetry-After: {wait}\r\nContent-Length: 0\r\n\r\n"
                );
                let _ = stream.write_all(head.as_bytes()).await;
            })
            .await;
            let options = Options::new(Endpoint::parse(&url).unwrap()).unwrap();
            assert_ne!(options.resend, ResendPolicy::NEVER);
            let client = Client::with_options(options).unwrap();
            let begun = Instant::now();
            let error = get_statement(&client).await.unwrap_err();
            assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
            assert_eq!(error.retry_after(), Some(MAX_RETRY_AFTER));
            assert!(error.to_string().contains("left alone for 600 s"), "{error}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_grows_when_it_is_unpacked_is_given_up() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&vec![b' '; 10_000_000]).unwrap();
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 100_000);
    let url = answer_with(move |mut stream| {
        let packed = packed.clone();
        async move {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
                packed.len()
            );
            let _ = stream.write_all(&[head.as_bytes(), &packed].concat()).await;
        }
    })
    .await;
    let client = Client::with_options(options(&url)).unwrap();
    let error = client.send(session::get(&"0".into())).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 8_000_000, .. }), "{error}");
}

#[tokio::test]
async fn a_list_without_a_last_page_is_looked_through_to_an_end() {
    let page = r#"{"total": 18446744073709551615, "sessions": [{"id": 1, "name": "another"}]}"#;
    let url = answer_with(move |mut stream| async move {
        let length = page.len();
        let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}");
        let _ = stream.write_all(format!("{head}\r\n\r\n{page}").as_bytes()).await;
    })
    .await;
    let client = Client::with_options(options(&url)).unwrap();
    let looking = client.session_named("mine");
    assert_eq!(timeout(Duration::from_secs(30), looking).await.expect("an end"), None);
}
