use std::time::Duration;

use livy_local::{Options, Server, scripted::Scripted, start_with};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

pub async fn server() -> Server {
    start_with(Options::default(), Scripted::default()).await.unwrap()
}

pub async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(("127.0.0.1", server.port())).await.unwrap()
}

/// Makes a request header that ends in these lines.
pub fn header(method: &str, lines: &str) -> Vec<u8> {
    format!("{method} /version HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n").into_bytes()
}

/// Makes a complete request with the token.
pub fn authenticated_request(server: &Server) -> Vec<u8> {
    header("GET", &format!("Authorization: Bearer {}\r\n", server.token()))
}

/// Returns what arrives within two seconds, if anything does. An empty string is the end of the connection.
pub async fn next_bytes(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = vec![0; 65_536];
    match timeout(Duration::from_secs(2), stream.read(&mut bytes)).await.ok()? {
        Ok(read) => Some(String::from_utf8_lossy(&bytes[..read]).into_owned()),
        Err(_) => Some(String::new()),
    }
}

/// Sends a request, and returns whether it is answered with status 200.
pub async fn is_answered(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &[u8],
) -> bool {
    if stream.write_all(request).await.is_err() {
        return false;
    }
    next_bytes(stream).await.is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
