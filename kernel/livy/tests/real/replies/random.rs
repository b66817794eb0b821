//! Makes a random reply, mostly right, so that its faults are reached.

use std::io::Write;

use fastrand::Rng;
use flate2::{Compression, write::GzEncoder};

/// What a server sends, and what it does after that.
pub struct Case {
    pub bytes: Vec<u8>,
    pub end: End,
}

#[derive(Clone, Copy)]
pub enum End {
    Close,
    Hang,
    /// Sends a byte now and then, without end.
    Trickle,
}

/// Numbers at limits, and texts that are none.
const NUMBERS: [&str; 24] = [
    "0",
    "1",
    "-1",
    "7",
    "0.5",
    "255",
    "65536",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e308",
    "-1e308",
    "1e999",
    "1e-999",
    "00",
    "NaN",
    "null",
    "\"7\"",
    "[]",
    "{}",
];

const STATES: [&str; 12] = [
    "\"idle\"",
    "\"busy\"",
    "\"running\"",
    "\"available\"",
    "\"WAITING\"",
    "\"error\"",
    "\"cancelled\"",
    "\"dead\"",
    "\"\"",
    "\"\\u0000\\ud800\"",
    "null",
    "7",
];

const STATUS_LINES: [&str; 26] = [
    "HTTP/1.1 200 OK",
    "HTTP/1.1 200 OK",
    "HTTP/1.1 200 OK",
    "HTTP/1.1 200 OK",
    "HTTP/1.1 200 OK",
    "HTTP/1.1 200 OK",
    "HTTP/1.1 201 Created",
    "HTTP/1.0 200 OK",
    "HTTP/1.1 200",
    "HTTP/1.1 204 No Content",
    "HTTP/1.1 206 Partial Content",
    "HTTP/1.1 302 Found",
    "HTTP/1.1 400 Bad Request",
    "HTTP/1.1 401 Unauthorized",
    "HTTP/1.1 404 Not Found",
    "HTTP/1.1 429 Too Many Requests",
    "HTTP/1.1 500 Oops",
    "HTTP/1.1 503 Busy",
    "HTTP/1.1 101 Switching Protocols",
    "HTTP/1.1 099 Less",
    "HTTP/1.1 999 More",
    "HTTP/1.1 65536 Overflow",
    "HTTP/1.1 -1 Negative",
    "HTTP/9.9 200 OK",
    "ICY 200 OK",
    "\u{0}",
];

const HEADERS: [(&str, &[&str]); 8] = [
    (
        "Retry-After",
        &[
            "1",
            "-1",
            "18446744073709551615",
            "99999999999999999999999999",
            "1.5",
            "Fri, 31 Dec 9999 23:59:59 GMT",
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "Mon, 99 Foo 0000 99:99:99 GMT",
            "\u{e9}",
        ],
    ),
    ("Content-Type", &["application/json", "text/html; charset=utf-16", "application/pdf", "/;;="]),
    ("Content-Encoding", &["gzip", "gzip, gzip", "deflate", "br", "identity", "nonsense"]),
    ("Connection", &["close", "keep-alive", "upgrade", "\u{1}"]),
    (
        "Set-Cookie",
        &[
            "hadoop.auth=\"u=a&e=18446744073709551615&s=x\"",
            "hadoop.auth=",
            "=;=",
            "a=b; Max-Age=-1",
        ],
    ),
    ("WWW-Authenticate", &["Negotiate", "Negotiate ////", "Basic realm=\"", "\u{7f}"]),
    ("Location", &["/login", "http://[", "javascript:alert(1)", ""]),
    ("Date", &["Fri, 31 Dec 9999 23:59:59 GMT", "never"]),
];

const LENGTHS: [&str; 8] =
    ["0", "1", "-1", "+5", "18446744073709551615", "99999999999999999999999", "0x10", ""];

impl Case {
    pub fn any(random: &mut Rng) -> Self {
        let mut bytes = Vec::new();
        for _ in 0..if random.u8(..20) == 0 { random.usize(1..200) } else { 0 } {
            bytes.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        let packs = random.u8(..8) == 0;
        let body = body(random);
        let body = if packs { packed(&body) } else { body };
        bytes.extend_from_slice(one_of(random, &STATUS_LINES).as_bytes());
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&headers(random));
        if packs {
            bytes.extend_from_slice(b"Content-Encoding: gzip\r\n");
        }
        bytes.extend_from_slice(&framed(random, body));
        spoil(random, &mut bytes);
        let end = match random.u8(..20) {
            0 => End::Hang,
            1 => End::Trickle,
            _ => End::Close,
        };
        Self { bytes, end }
    }
}

fn one_of<'a>(random: &mut Rng, choices: &[&'a str]) -> &'a str {
    choices[random.usize(..choices.len())]
}

fn headers(random: &mut Rng) -> Vec<u8> {
    let mut headers = Vec::new();
    let count = if random.u8(..30) == 0 { 300 } else { random.usize(..4) };
    for _ in 0..count {
        let (name, values) = HEADERS[random.usize(..HEADERS.len())];
        let value = one_of(random, values);
        headers.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    match random.u8(..40) {
        0 => headers.extend_from_slice(format!("X-Long: {}\r\n", "x".repeat(1_000_000)).as_bytes()),
        1 => headers.extend_from_slice(b" folded\r\n"),
        2 => headers.extend_from_slice(b"no colon\r\n"),
        3 => headers.extend_from_slice(b"X-Bytes: \xff\xfe\r\n"),
        4 => headers.extend_from_slice(b"X-\x00: bad name\r\n"),
        _ => {}
    }
    headers
}

/// Writes the rest of the head, and the body.
fn framed(random: &mut Rng, body: Vec<u8>) -> Vec<u8> {
    let right = format!("Content-Length: {}\r\n", body.len());
    match random.u8(..10) {
        0..=4 => [right.as_bytes(), b"\r\n", &body].concat(),
        5 => [b"\r\n", &body[..]].concat(),
        6 => {
            let wrong = format!("Content-Length: {}\r\n", one_of(random, &LENGTHS));
            let twice = if random.bool() { right.as_str() } else { "" };
            [twice.as_bytes(), wrong.as_bytes(), b"\r\n", &body].concat()
        }
        _ => {
            let coding =
                one_of(random, &["chunked", "chunked", "chunked, chunked", "gzip, chunked", "x"]);
            let head = format!("Transfer-Encoding: {coding}\r\n\r\n");
            [head.as_bytes(), &chunks(random, &body)].concat()
        }
    }
}

fn chunks(random: &mut Rng, body: &[u8]) -> Vec<u8> {
    let mut chunks = Vec::new();
    for piece in body.chunks(random.usize(1..2000).max(body.len() / 50)) {
        let size = match random.u8(..60) {
            0 => one_of(random, &["ffffffffffffffff", "fffffffffffffffff", "-1", "zz", "", "0"])
                .to_owned(),
            1 => format!("{:x};{}", piece.len(), "x".repeat(20_000)),
            2 => format!("{:x}", piece.len() + 1),
            _ => format!("{:x}", piece.len()),
        };
        chunks.extend_from_slice(format!("{size}\r\n").as_bytes());
        chunks.extend_from_slice(piece);
        chunks.extend_from_slice(b"\r\n");
    }
    if random.u8(..8) != 0 {
        chunks.extend_from_slice(b"0\r\n\r\n");
    }
    chunks
}

fn body(random: &mut Rng) -> Vec<u8> {
    let deep = || ["[".repeat(100_000), "{\"a\":".repeat(100_000)].concat();
    match random.u8(..16) {
        0 => Vec::new(),
        1 => deep().into_bytes(),
        2 => format!("<html><title>{}</title>", "Sign in ".repeat(random.usize(..20_000)))
            .into_bytes(),
        3 => (0..random.usize(..5_000)).map(|_| random.u8(..)).collect(),
        4 => format!("{{\"msg\": \"{}\"}}", "word ".repeat(random.usize(..20_000))).into_bytes(),
        5 => format!("\u{feff}{}", json(random)).into_bytes(),
        6 => "9".repeat(random.usize(1..100_000)).into_bytes(),
        _ => json(random).into_bytes(),
    }
}

/// Has the fields of every reply, each with a valid value.
fn json(random: &mut Rng) -> String {
    let mut number = || one_of(random, &NUMBERS).to_owned();
    let (id, progress, started, completed) = (number(), number(), number(), number());
    let (total, from, heartbeat, count) = (number(), number(), number(), number());
    let state = one_of(random, &STATES);
    let text = "\\u00e9x ".repeat(if random.u8(..20) == 0 { 50_000 } else { 3 });
    let output = one_of(random, &["ok", "error", "", "msg_type"]);
    let item = format!(
        r#"{{"id": {id}, "state": {state}, "progress": {progress}, "started": {started},
        "completed": {completed}, "heartbeatTimeoutInSecond": {heartbeat}, "log": ["{text}"],
        "ttl": "18446744073709551615d", "version": "{text}", "result": "!", "error": null,
        "output": {{"status": "{output}", "execution_count": {count}, "ename": "E", "evalue": "{text}",
        "traceback": ["{text}"], "data": {{"text/plain": "{text}", "application/json": {count}}}}}}}"#
    );
    let rest = item.trim_start_matches('{');
    format!(
        r#"{{"total": {total}, "from": {from}, "total_statements": {total}, "candidates": ["{text}"],
        "sessions": [{item}, {item}], "statements": [{item}], {rest}"#
    )
}

fn packed(body: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(body).unwrap();
    packed.finish().unwrap()
}

/// Changes some bytes, or cuts the end off.
fn spoil(random: &mut Rng, bytes: &mut Vec<u8>) {
    if random.u8(..6) == 0 {
        bytes.truncate(random.usize(..=bytes.len()));
    }
    for _ in 0..if random.u8(..6) == 0 { random.usize(1..20) } else { 0 } {
        if !bytes.is_empty() {
            let at = random.usize(..bytes.len());
            bytes[at] = random.u8(..);
        }
    }
}
