//! Sends random requests. The server must answer each in valid HTTP or close the connection; no task of it may panic, its
//! memory must stay bounded, and it must still answer other clients.
//!
//! `make test` sends five hundred requests and `make soak` ten thousand. `LIVY_SOAK_SEED=17 make soak` sends only that
//! one.

mod request;

use std::{
    env, panic,
    sync::{
        Once,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use fastrand::Rng;
use livy_local::Server;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use self::request::request;
use crate::{
    client::Client,
    support::{authenticated_request, connect, is_answered, server},
};

/// How many requests are sent unless `LIVY_SOAK` says otherwise.
const DEFAULT_REQUESTS: u64 = 500;
/// How many requests one server gets.
const REQUESTS_PER_SERVER: u64 = 250;
/// How long an answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// How long the server may wait for the rest of a request before the client says that none will come.
const HALF_CLOSE_DELAY: Duration = Duration::from_millis(50);
/// How much memory this process may take. A debug build takes some 60,000 KiB.
const MAX_MEMORY_KIB: u64 = 300_000;

/// How often code outside the tests has panicked.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let file = panic.location().map_or("", |location| location.file());
            if !file.contains("tests/") {
                PANICS.fetch_add(1, Ordering::Relaxed);
            }
            usual(panic);
        }));
    });
}

#[tokio::test]
async fn random_requests_are_answered_or_closed_and_others_are_still_answered() {
    count_panics();
    let number = |name| env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    let seeds = match number("LIVY_SOAK_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("LIVY_SOAK").unwrap_or(DEFAULT_REQUESTS),
    };
    let (mut seed, mut answered) = (seeds.start, 0);
    while seed < seeds.end {
        let server = server_with_objects().await;
        for _ in 0..REQUESTS_PER_SERVER.min(seeds.end - seed) {
            answered += u64::from(send(&server, seed).await);
            seed += 1;
        }
        server.stop().await;
    }
    let count = seeds.end - seeds.start;
    assert!(
        count < DEFAULT_REQUESTS || answered > count / 4,
        "only {answered} of {count} were carried out"
    );
    #[cfg(target_os = "linux")]
    assert!(peak_memory_kib() < MAX_MEMORY_KIB, "{} KiB", peak_memory_kib());
}

/// Starts a server with sessions 0 to 7, of which one has a statement, and as many batches.
async fn server_with_objects() -> Server {
    let server = server().await;
    let client = Client::of(&server);
    for n in 0..8 {
        client.post("/sessions", &json!({"kind": "pyspark", "name": format!("name {n}")})).await;
        client.post("/batches", &json!({"file": "/a"})).await;
    }
    client.post("/sessions/0/statements", &json!({"code": "echo a"})).await;
    server
}

/// Sends the request of a seed, and returns whether it was carried out.
async fn send(server: &Server, seed: u64) -> bool {
    let mut random = Rng::with_seed(seed);
    let request = request(&mut random, server.token());
    let answer = timeout(ANSWER_LIMIT, exchange(server, &request, &mut random)).await;
    let answer = answer.unwrap_or_else(|_| panic!("seed {seed}: no answer in time"));
    let status = status(&answer);
    assert!(
        answer.is_empty() || status.is_some_and(|status| (100..600).contains(&status)),
        "seed {seed}: {}",
        String::from_utf8_lossy(&answer)
    );
    assert!(
        is_answered(&mut connect(server).await, &authenticated_request(server)).await,
        "seed {seed}: another client is not answered"
    );
    assert_eq!(PANICS.load(Ordering::Relaxed), 0, "seed {seed}: something panicked");
    status.is_some_and(|status| (200..300).contains(&status))
}

/// Sends a request in two pieces, and returns the answer. The server may close the connection at any time.
async fn exchange(server: &Server, request: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut stream = connect(server).await;
    let middle = random.usize(..=request.len());
    for piece in [&request[..middle], &request[middle..]] {
        if stream.write_all(piece).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let mut answer = Vec::new();
    // The server may be waiting for more of the request.
    let _ = timeout(HALF_CLOSE_DELAY, stream.read_buf(&mut answer)).await;
    let _ = stream.shutdown().await;
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

fn status(answer: &[u8]) -> Option<u16> {
    let rest = answer.strip_prefix(b"HTTP/1.1 ").or_else(|| answer.strip_prefix(b"HTTP/1.0 "))?;
    std::str::from_utf8(rest.get(..3)?).ok()?.parse().ok()
}

/// Returns the most memory that this process has taken.
#[cfg(target_os = "linux")]
fn peak_memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
