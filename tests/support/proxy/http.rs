//! As much of HTTP/1.1 as Livy and its clients use: a head, and a body of known length.

use std::time::Duration;

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    net::TcpStream,
};

const LONGEST_HEAD: usize = 64 * 1024;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    NewSession,
    Sessions,
    Session,
    EndSession,
    NewStatement,
    Statements,
    Statement,
    Cancel,
    Completion,
    NewJob,
    Connect,
    Other,
}

impl Asked {
    pub fn of(head: &str) -> Self {
        let mut words = head.split(' ');
        let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let path = target.split('?').next().unwrap_or("");
        let segments: Vec<_> = path.split('/').skip(1).collect();
        match (method, &segments[..]) {
            ("POST", ["sessions"]) => Self::NewSession,
            ("GET", ["sessions"]) => Self::Sessions,
            ("GET", ["sessions", _]) => Self::Session,
            ("DELETE", ["sessions", _]) => Self::EndSession,
            ("POST", ["sessions", _, "statements"]) => Self::NewStatement,
            ("GET", ["sessions", _, "statements"]) => Self::Statements,
            ("GET", ["sessions", _, "statements", _]) => Self::Statement,
            ("POST", ["sessions", _, "statements", _, "cancel"]) => Self::Cancel,
            ("POST", ["sessions", _, "completion"]) => Self::Completion,
            ("POST", ["sessions", _, "submit-job"]) => Self::NewJob,
            ("POST", ["sessions", _, "connect"]) => Self::Connect,
            _ => Self::Other,
        }
    }
}

/// The head of the next request, which stays unread; none when the client has gone.
pub async fn peek_head(stream: &TcpStream) -> Option<String> {
    let mut buffer = vec![0; LONGEST_HEAD];
    loop {
        let length = stream.peek(&mut buffer).await.ok().filter(|&length| length > 0)?;
        if let Some(end) = end_of_head(&buffer[..length]) {
            return Some(String::from_utf8_lossy(&buffer[..end]).into_owned());
        }
        // To peek does not wait for more than there is.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A message, and where its body begins.
pub struct Whole {
    pub bytes: Vec<u8>,
    pub body: usize,
}

/// Reads one message; none if it breaks off.
pub async fn read_message(stream: &mut (impl AsyncRead + Unpin)) -> Option<Whole> {
    let mut bytes = Vec::new();
    let body = loop {
        if let Some(end) = end_of_head(&bytes) {
            break end;
        }
        stream.read_buf(&mut bytes).await.ok().filter(|&length| length > 0)?;
    };
    let whole = body + length_of_body(&String::from_utf8_lossy(&bytes[..body]));
    while bytes.len() < whole {
        stream.read_buf(&mut bytes).await.ok().filter(|&length| length > 0)?;
    }
    assert_eq!(bytes.len(), whole, "no client here asks again before it is answered");
    Some(Whole { bytes, body })
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

fn length_of_body(head: &str) -> usize {
    let head = head.to_ascii_lowercase();
    assert!(!head.contains("transfer-encoding"), "this proxy knows bodies of known length only");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    length.map_or(0, |length| length.trim().parse().unwrap())
}
