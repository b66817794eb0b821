use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use crate::support::{authenticated_request, connect, header, is_answered, next_bytes, server};

/// How many connections without the token may be open.
const MAX_UNAUTHENTICATED: usize = 64;

/// Sends bytes, and returns after how many seconds the server ends the connection, or none after twenty seconds.
async fn seconds_until_closed(mut stream: TcpStream, sent: &[u8]) -> Option<u64> {
    stream.write_all(sent).await.unwrap();
    let began = Instant::now();
    let mut rest = Vec::new();
    let end = timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
    end.ok().map(|_| began.elapsed().as_secs())
}

/// Opens a connection that has shown the token.
async fn connect_authenticated(server: &livy_local::Server) -> TcpStream {
    let mut stream = connect(server).await;
    assert!(is_answered(&mut stream, &authenticated_request(server)).await);
    stream
}

#[tokio::test]
async fn a_header_has_ten_seconds_and_an_idle_connection_any_time() {
    let server = server().await;
    let silent = seconds_until_closed(connect(&server).await, b"");
    let half = seconds_until_closed(connect(&server).await, b"GET /version HTTP/1.1\r\nHost:");
    let half_of_next = seconds_until_closed(connect_authenticated(&server).await, b"GET /vers");
    let idle = async {
        let mut idle = connect_authenticated(&server).await;
        sleep(Duration::from_secs(12)).await;
        is_answered(&mut idle, &authenticated_request(&server)).await
    };
    let (silent, half, half_of_next, idle) = tokio::join!(silent, half, half_of_next, idle);
    for seconds in [silent, half, half_of_next] {
        assert!(seconds.is_some_and(|seconds| (9..=12).contains(&seconds)), "{seconds:?}");
    }
    assert!(idle);
}

#[tokio::test]
async fn a_header_that_trickles_has_ten_seconds_too() {
    let server = server().await;
    let mut stream = connect(&server).await;
    stream.write_all(b"GET /version HTTP/1.1\r\nX: ").await.unwrap();
    let began = Instant::now();
    while stream.write_all(b"x").await.is_ok() {
        assert!(began.elapsed() < Duration::from_secs(13), "it is still open");
        sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn with_too_many_unauthenticated_connections_the_oldest_is_closed() {
    let server = server().await;
    let mut authenticated = connect_authenticated(&server).await;
    let mut connections = Vec::new();
    for _ in 0..MAX_UNAUTHENTICATED + 10 {
        connections.push(connect(&server).await);
    }
    let mut gone = Vec::new();
    for (n, connection) in connections.iter_mut().enumerate() {
        let limit = Duration::from_millis(if n < 10 { 2000 } else { 10 });
        if timeout(limit, connection.read_u8()).await.is_ok() {
            gone.push(n);
        }
    }
    assert_eq!(gone, (0..10).collect::<Vec<_>>());
    assert!(is_answered(&mut authenticated, &authenticated_request(&server)).await);
    assert!(is_answered(&mut connect(&server).await, &authenticated_request(&server)).await);
}

#[tokio::test]
async fn without_the_token_no_body_is_read_and_the_connection_ends() {
    let server = server().await;
    for lines in ["Content-Length: 1000000000\r\n", "Transfer-Encoding: chunked\r\n"] {
        for asks_first in ["", "Expect: 100-continue\r\n"] {
            let mut stream = connect(&server).await;
            stream.write_all(&header("POST", &format!("{lines}{asks_first}"))).await.unwrap();
            let answer = next_bytes(&mut stream).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
            assert!(answer.contains("connection: close"), "{answer}");
            assert_eq!(
                next_bytes(&mut stream).await.as_deref(),
                Some(""),
                "the end of the connection"
            );
        }
    }
}

#[tokio::test]
async fn malformed_requests_are_refused_and_others_are_still_answered() {
    let server = server().await;
    let giant = header("GET", &format!("X: {}\r\n", "x".repeat(1 << 20)));
    let many = header("GET", &"X: x\r\n".repeat(5000));
    let pipelined = header("GET", "").repeat(1000);
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(40);
    for junk in [giant, many, pipelined, preface, tls] {
        let mut stream = connect(&server).await;
        // The server may refuse it before all of it has arrived.
        let _ = stream.write_all(&junk).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let end = timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
        assert!(end.is_ok(), "it is not closed: {:?}", &junk[..20]);
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
        assert!(is_answered(&mut connect(&server).await, &authenticated_request(&server)).await);
    }
}

#[tokio::test]
async fn requests_without_the_token_do_not_count_as_use() {
    let server = server().await;
    sleep(Duration::from_millis(300)).await;
    for lines in ["", "Authorization: Bearer wrong\r\n"] {
        let mut stream = connect(&server).await;
        stream.write_all(&header("GET", lines)).await.unwrap();
        assert!(next_bytes(&mut stream).await.unwrap().starts_with("HTTP/1.1 401"));
    }
    assert!(server.idle_for() >= Duration::from_millis(300));
    connect_authenticated(&server).await;
    assert!(server.idle_for() < Duration::from_millis(300));
}

#[tokio::test]
async fn a_server_that_ends_does_not_wait_for_unauthenticated_connections() {
    let server = server().await;
    let mut connections = Vec::new();
    for n in 0..MAX_UNAUTHENTICATED {
        let mut connection = connect(&server).await;
        connection.write_all(&header("POST", "")[..n / 2]).await.unwrap();
        connections.push(connection);
    }
    let mut idle = connect_authenticated(&server).await;
    let port = server.port();
    let began = Instant::now();
    server.stop().await;
    for connection in connections.iter_mut().chain([&mut idle]) {
        let end = timeout(Duration::from_secs(2), connection.read_u8()).await;
        assert!(end.is_ok_and(|read| read.is_err()));
    }
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    assert!(began.elapsed() < Duration::from_secs(2));
}
