//! What a client does when the network or the server fails, by the requests that the server received.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use livy_client::{
    Client, Endpoint, Error, Feature, Options, ResendPolicy, SessionProperties, completion,
    session, statement, version,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::sleep,
};

/// What the server does with one request.
#[derive(Clone)]
enum Fate {
    /// It answers this.
    Answer(u16, &'static str, String),
    /// It closes the connection after it has read the request.
    Reset,
    /// It closes the connection in the middle of the answer.
    Truncated,
    /// It answers a byte at a time.
    Slow(&'static str),
    /// It never answers.
    Hang,
}

fn ok(body: &str) -> Fate {
    Fate::Answer(200, "", body.to_owned())
}

fn status(status: u16) -> Fate {
    Fate::Answer(status, "", String::new())
}

/// A server that gives each request the next fate, and the last one to all that follow.
struct Server {
    client: Client,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn with(fates: impl IntoIterator<Item = Fate>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let fates = Arc::new(Mutex::new(fates.into_iter().collect::<VecDeque<_>>()));
        let noted = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, fates.clone(), noted.clone()));
            }
        });
        let options = Options::new(Endpoint::parse(&url).unwrap()).unwrap();
        let resend = ResendPolicy { within: Duration::from_secs(4), ..options.resend };
        Self { client: Client::with_options(Options { resend, ..options }).unwrap(), seen }
    }

    /// Returns the requests, such as `GET /sessions`.
    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    async fn list(&self) -> Result<u64, Error> {
        self.client.send(session::list(None, None)).await.map(|list| list.total)
    }

    async fn run(&self) -> Result<statement::Statement, Error> {
        let new = statement::NewStatement { code: "1+1".into(), kind: None };
        self.client.run_statement(&"0".into(), &new, &["4".into()]).await
    }
}

async fn serve(
    mut stream: TcpStream,
    fates: Arc<Mutex<VecDeque<Fate>>>,
    seen: Arc<Mutex<Vec<String>>>,
) {
    let Some(request) = read_request(&mut stream).await else { return };
    let fate = {
        let mut fates = fates.lock().unwrap();
        let next = fates.front().cloned().unwrap();
        if fates.len() > 1 {
            fates.pop_front();
        }
        next
    };
    seen.lock().unwrap().push(request);
    let head = |status: u16, headers: &str, length: usize| {
        format!(
            "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
        )
    };
    let _ = match fate {
        Fate::Answer(status, headers, body) => {
            stream.write_all((head(status, headers, body.len()) + &body).as_bytes()).await
        }
        Fate::Reset => Ok(()),
        Fate::Truncated => stream.write_all((head(200, "", 100) + "{\"total\"").as_bytes()).await,
        Fate::Slow(body) => trickle(&mut stream, &(head(200, "", body.len()) + body)).await,
        Fate::Hang => std::future::pending().await,
    };
    let _ = stream.shutdown().await;
}

async fn trickle(stream: &mut TcpStream, answer: &str) -> std::io::Result<()> {
    for byte in answer.bytes() {
        stream.write_all(&[byte]).await?;
        sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

/// Reads a request to its end; returns its method and path.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece).await.ok().filter(|&length| length > 0)?;
        bytes.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let wanted = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
                })
                .unwrap_or(0);
            if body.len() >= wanted {
                let words: Vec<_> = head.split(' ').take(2).collect();
                return Some(words.join(" "));
            }
        }
    }
}

const SESSIONS: &str = r#"{"total": 7, "sessions": []}"#;
const POST: &str = "POST /sessions/0/statements";
const LIST: &str = "GET /sessions/0/statements?from=0&size=20&order=desc";

#[tokio::test]
async fn a_get_is_repeated_until_it_is_answered() {
    for fault in [
        Fate::Reset,
        Fate::Truncated,
        status(429),
        status(502),
        status(503),
        status(504),
        Fate::Answer(503, "Retry-After: 1\r\n", "<html>Busy</html>".into()),
    ] {
        let server = Server::with([fault.clone(), fault, ok(SESSIONS)]).await;
        assert_eq!(server.list().await.unwrap(), 7);
        assert_eq!(server.seen().len(), 3, "{:?}", server.seen());
    }
}

#[tokio::test]
async fn what_a_server_has_said_is_not_asked_again() {
    for (answer, says) in [
        (status(500), "it failed"),
        (Fate::Answer(302, "Location: /login\r\n", String::new()), "redirects elsewhere"),
        (ok("<html><title>Sign in</title></html>"), "Sign in"),
        (ok("{\"total\": \"many\"}"), "not as documented"),
        (Fate::Answer(403, "", r#"{"msg": "not you"}"#.into()), "not you"),
    ] {
        let server = Server::with([answer]).await;
        let error = server.list().await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_wants_patience_gets_it() {
    let busy = Fate::Answer(429, "Retry-After: 1\r\n", String::new());
    let server = Server::with([busy, ok(SESSIONS)]).await;
    let begun = Instant::now();
    server.list().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn trying_again_has_an_end_and_is_told_meanwhile() {
    let server = Server::with([Fate::Reset]).await;
    let mut trouble = server.client.troubles();
    let (result, told) = tokio::join!(server.list(), async {
        trouble.changed().await.unwrap();
        trouble.borrow().longest().cloned()
    });
    assert!(matches!(result, Err(Error::Lost { .. })), "{result:?}");
    assert!(told.unwrap().reason.contains("did not answer"));
    assert_eq!(trouble.borrow().longest(), None);
    let requests = server.seen().len();
    assert!((3..=12).contains(&requests), "{requests} requests");
}

#[tokio::test]
async fn trying_again_ends_when_nobody_waits_for_it() {
    let server = Server::with([Fate::Reset]).await;
    let limit = Duration::from_millis(300);
    tokio::time::timeout(limit, server.list()).await.unwrap_err();
    let requests = server.seen().len();
    sleep(Duration::from_millis(500)).await;
    assert_eq!(server.seen().len(), requests);
    assert_eq!(server.client.troubles().borrow().longest(), None);
}

#[tokio::test]
async fn a_hung_server_is_given_up_in_time() {
    let server = Server::with([Fate::Hang]).await;
    let get = session::list(None, None).answer_within(Duration::from_millis(200));
    let new = statement::NewStatement { code: "1".into(), kind: None };
    let post = statement::run(&"0".into(), &new).answer_within(Duration::from_millis(200));
    let begun = Instant::now();
    assert!(matches!(server.client.send(get).await, Err(Error::Lost { .. })));
    assert!(matches!(server.client.send(post).await, Err(Error::Lost { .. })));
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(server.seen().iter().filter(|request| *request == POST).count(), 1);
}

#[tokio::test]
async fn a_statement_whose_answer_is_lost_is_found_and_not_sent_again() {
    let list = r#"{"total_statements": 3, "statements": [
        {"id": 5, "code": "1+1", "state": "running"},
        {"id": 4, "code": "1+1", "state": "available"},
        {"id": 3, "code": "2+2", "state": "available"}]}"#;
    for fault in [Fate::Reset, Fate::Truncated, status(502), status(503), status(504)] {
        let server = Server::with([fault, Fate::Reset, ok(list)]).await;
        assert_eq!(server.run().await.unwrap().id, "5".into());
        assert_eq!(server.seen(), [POST, LIST, LIST]);
    }
}

#[tokio::test]
async fn a_statement_that_is_not_found_is_said_to_be_lost_and_not_sent_again() {
    // The other one with the same code ran before.
    let list = r#"{"statements": [{"id": 4, "code": "1+1", "state": "available"}]}"#;
    let server = Server::with([Fate::Reset, ok(list)]).await;
    assert!(matches!(server.run().await, Err(Error::Lost { .. })));
    assert_eq!(server.seen(), [POST, LIST, LIST, LIST]);
}

#[tokio::test]
async fn a_statement_that_was_turned_away_unread_is_sent_again() {
    let statement = r#"{"id": 5, "state": "waiting"}"#;
    let server = Server::with([status(429), ok(statement)]).await;
    assert_eq!(server.run().await.unwrap().id, "5".into());
    assert_eq!(server.seen(), [POST, POST]);
}

#[tokio::test]
async fn a_session_whose_answer_is_lost_is_found_by_its_name() {
    let list = r#"{"sessions": [{"id": 1, "name": "other"}, {"id": 2, "name": "mine"}]}"#;
    let server = Server::with([Fate::Reset, ok(list)]).await;
    let new = SessionProperties { name: Some("mine".into()), ..Default::default() };
    assert_eq!(server.client.create_session(&new).await.unwrap().id, "2".into());
    assert_eq!(server.seen(), ["POST /sessions", "GET /sessions"]);
}

#[tokio::test]
async fn fifty_megabytes_and_a_trickle_of_bytes_arrive_whole() {
    let text = "x".repeat(50_000_000);
    let output = format!(
        r#"{{"id": 5, "state": "available", "output": {{"status": "ok", "data": {{"text/plain": "{text}"}}}}}}"#
    );
    let server = Server::with([ok(&output)]).await;
    let statement = server.client.send(statement::get(&"0".into(), &"5".into())).await.unwrap();
    let Some(livy_client::Output::Ok(data)) = statement.output else {
        panic!("an output was expected")
    };
    assert_eq!(data["text/plain"].as_str().unwrap().len(), text.len());

    let server = Server::with([Fate::Slow(SESSIONS)]).await;
    assert_eq!(server.list().await.unwrap(), 7);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn what_a_server_lacks_is_noticed_once() {
    for missing in [status(404), status(405), status(501)] {
        let server = Server::with([missing]).await;
        for _ in 0..3 {
            let error = server.client.send(version::get()).await.unwrap_err();
            assert!(matches!(error, Error::MissingFeature(Feature::Version)), "{error:?}");
        }
        assert_eq!(server.seen(), ["GET /version"]);
    }
}

#[tokio::test]
async fn a_session_that_is_not_found_is_no_missing_ability() {
    let gone = Fate::Answer(404, "", r#"{"msg": "Session '0' not found."}"#.into());
    let server = Server::with([gone]).await;
    let at = completion::CompletionRequest { code: "x".into(), kind: "spark".into(), cursor: 1 };
    for _ in 0..2 {
        let error = server.client.send(completion::complete(&"0".into(), &at)).await.unwrap_err();
        assert!(error.is_not_found(), "{error:?}");
    }
    assert_eq!(server.seen().len(), 2);
}
