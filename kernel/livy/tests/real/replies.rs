//! Random replies from a fixed seed: whatever a server sends, the client returns an answer or an error
//! in time, the error is short and has no secret, and nothing panics.
//!
//! `LIVY_SOAK=10000` runs more cases, `LIVY_SOAK_SEED=17` a single one.

use std::{
    collections::HashMap,
    fmt::Debug,
    sync::{Arc, Mutex},
    time::Duration,
};

use fastrand::Rng;
use livy_client::{
    Client, Error, MAX_RETRY_AFTER, Options, Request, Timeouts, batch, completion, job, session,
    statement, version,
};
use serde::de::DeserializeOwned;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};

use crate::support::options;

mod random;

use self::random::{Case, End};

/// How many cases every run of the tests has.
const CASES: u64 = 400;
/// How many cases run at the same time.
const PARALLEL_CASES: usize = 16;
/// How long an answer may take to begin, and from there to its end.
const RANDOM_ANSWER_LIMIT: Duration = Duration::from_millis(200);
/// How long a case may take on a busy machine.
const CASE_LIMIT: Duration = Duration::from_secs(10);
/// The length of the longest error in bytes: 500 characters of the server's, and the client's own.
const MAX_ERROR_BYTES: usize = 2_500;
const SECRET: &str = "s3cret";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_server_replies_is_read_or_refused_in_time() {
    let number = |name| std::env::var(name).ok().and_then(|number: String| number.parse().ok());
    let seeds = match number("LIVY_SOAK_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("LIVY_SOAK").unwrap_or(CASES),
    };
    let (server, room) = (Server::start().await, Arc::new(Semaphore::new(PARALLEL_CASES)));
    let mut running = Vec::new();
    for seed in seeds {
        let (server, turn) = (server.clone(), room.clone().acquire_owned().await.unwrap());
        running.push((
            seed,
            tokio::spawn(async move {
                let _turn = turn;
                timeout(CASE_LIMIT, server.try_one(seed)).await
            }),
        ));
    }
    let mut read = 0;
    for (seed, case) in running {
        let case = case.await.unwrap_or_else(|panic| panic!("seed {seed}: {panic}"));
        match case.unwrap_or_else(|_| panic!("seed {seed}: it has no end")) {
            Ok(()) => read += 1,
            Err(error) => check(seed, &error),
        }
    }
    // Otherwise all replies would be refused at their beginning.
    assert!(read > 0 || number("LIVY_SOAK_SEED").is_some());
}

#[track_caller]
fn check(seed: u64, error: &Error) {
    let text = error.to_string();
    assert!(text.len() <= MAX_ERROR_BYTES, "seed {seed}: {} bytes: {text}", text.len());
    assert!(
        !text.contains(SECRET) && !format!("{error:?}").contains(SECRET),
        "seed {seed}: {text}"
    );
    assert!(error.retry_after().is_none_or(|wait| wait <= MAX_RETRY_AFTER), "seed {seed}: {text}");
}

/// Replies to each request below `/SEED/` with that seed's case.
#[derive(Clone)]
struct Server {
    address: String,
    cases: Arc<Mutex<HashMap<u64, Case>>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = Self { address, cases: Arc::default() };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().reply(stream));
            }
        });
        server
    }

    async fn try_one(&self, seed: u64) -> Result<(), Error> {
        let mut random = Rng::with_seed(seed);
        let case = Case::any(&mut random);
        self.cases.lock().unwrap().insert(seed, case);
        let options = options(&format!("http://alice:{SECRET}@{}/{seed}", self.address));
        let timeouts =
            Timeouts { read: RANDOM_ANSWER_LIMIT, whole: RANDOM_ANSWER_LIMIT, ..options.timeouts };
        ask(Client::with_options(Options { timeouts, ..options })?, random.usize(..15)).await
    }

    async fn reply(self, mut stream: TcpStream) {
        let mut request = vec![0; 65_536];
        let length = stream.read(&mut request).await.unwrap_or_default();
        let request = String::from_utf8_lossy(&request[..length]).into_owned();
        let seed = request.split('/').nth(1).and_then(|seed| seed.parse::<u64>().ok());
        let case = seed.and_then(|seed| self.cases.lock().unwrap().remove(&seed));
        let Some(Case { bytes, end }) = case else { return };
        let _ = stream.write_all(&bytes).await;
        match end {
            End::Close => {}
            End::Hang => sleep(CASE_LIMIT).await,
            End::Trickle => {
                while stream.write_all(b"0").await.is_ok() {
                    sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }
}

/// Makes every kind of request.
async fn ask(client: Client, which: usize) -> Result<(), Error> {
    let id = "0".into();
    let at = completion::CompletionRequest { code: "x".into(), kind: "spark".into(), cursor: 1 };
    match which {
        0 => send(client, statement::run(&id, &Default::default())).await,
        1 => send(client, statement::list(&id, Default::default())).await,
        2 => send(client, statement::cancel(&id, &id)).await,
        3 => send(client, session::create(&Default::default())).await,
        4 => send(client, session::list(None, None)).await,
        5 => send(client, session::get(&id)).await,
        6 => send(client, session::state(&id)).await,
        7 => send(client, session::log(&id, None, None)).await,
        8 => send(client, session::delete(&id)).await,
        9 => send(client, batch::list(None, None)).await,
        10 => send(client, batch::get(&id)).await,
        11 => send(client, job::get(&id, &id)).await,
        12 => send(client, completion::complete(&id, &at)).await,
        13 => send(client, version::get()).await,
        _ => {
            let got =
                client.send(statement::get(&id, &id).answer_within(RANDOM_ANSWER_LIMIT)).await?;
            assert!((0.0..=1.0).contains(&got.progress), "{}", got.progress);
            Ok(())
        }
    }
}

async fn send<T: DeserializeOwned + Debug>(
    client: Client,
    request: Request<T>,
) -> Result<(), Error> {
    client.send(request.answer_within(RANDOM_ANSWER_LIMIT)).await.map(drop)
}
