//! Random requests, most of them nearly right.

use fastrand::Rng;
use serde_json::{Map, Value, json};

// The items of each list are separated by bars.

const ROUTES: &str = "GET /|GET /version|GET /sessions|GET /sessions/{}|DELETE /sessions/{}|\
    GET /sessions/{}/state|GET /sessions/{}/log|POST /sessions/{}/connect|\
    GET /sessions/{}/statements|GET /sessions/{}/statements/{}|POST /sessions/{}/statements/{}/cancel|\
    GET /sessions/{}/jobs/{}|POST /sessions/{}/jobs/{}/cancel|\
    GET /batches|GET /batches/{}|DELETE /batches/{}|GET /batches/{}/state|GET /batches/{}/log";
const ODD_ROUTES: &str = "GET *|GET //|GET |GET http://elsewhere/sessions|GET /sessions/../version|\
    GET /ui/{}/|HEAD /sessions|OPTIONS *|PUT /sessions/{}|CONNECT localhost:1|get /version|T\0 /|POST /";
const USUAL_IDS: &str = "0|1|2|3|4|5|6|7";
const IDS: &str = "31|-1|18446744073709551615|18446744073709551616|9223372036854775807|1e3|+1|0x1|\
    %30|%00|%ff%fe|%2e%2e%2f|%|a name|\u{e4}|";
const NUMBERS: &str = "0|1|-1|100|9223372036854775807|-9223372036854775808|9223372036854775808|\
    4294967296|1.5|1e308|NaN|%2B5||x";
const TIMES: &str = "1h|0s|9223372036854775807d|9223372036854775808s|-1s|1y||\u{130}s|5 s|\0|1min";
const CODES: &str = "echo a||lines 3 5|json {\"text/plain\": \"x\"}|json 1e999|error A b|progress 1e308|\
    progress NaN|sleep 0.01|sleep 1e19|sleep 1e300|spin -1|log x|die|\0\u{10ffff}";
const KINDS: &str = "pyspark|spark|sql|sparkr|shared|PYSPARK|cobol|";
const TEXTS: &str =
    "proxyUser|driverMemory|executorMemory|queue|name|className|file|job|jobType|unknown";
const COUNTS: &str = "driverCores|executorCores|numExecutors|heartbeatTimeoutInSecond|cursor";
const LISTS: &str = "jars|pyFiles|files|archives|args";
const HOSTS: &str = "Host: evil.example|Host:|Host: [::1]:99999|X: no host";
const TOKENS: &str = "Authorization: Basic Og==|Authorization: \u{ff}|Authorization: Bearer";
const LENGTHS: &str = "Content-Length: 18446744073709551616|Content-Length: -1|Content-Length: 67108865|\
    Content-Length: 0|Content-Length: 5\r\nContent-Length: 6|Transfer-Encoding: chunked|\
    Transfer-Encoding: gzip, chunked|Transfer-Encoding: chunked\r\nContent-Length: 5|\
    Expect: 100-continue|Upgrade: websocket\r\nConnection: upgrade";

/// Makes the bytes of a request.
pub fn request(random: &mut Rng, token: &str) -> Vec<u8> {
    if random.u8(..20) == 0 {
        return bytes(random, 2000);
    }
    let (routes, body) = match random.bool() {
        true => with_body(random),
        false => (ROUTES, Vec::new()),
    };
    let mut wire = head(random, token, routes, body.len());
    wire.extend(body);
    if random.u8(..6) == 0 {
        (0..random.usize(1..5)).for_each(|_| mutate(random, &mut wire));
    }
    wire
}

fn head(random: &mut Rng, token: &str, routes: &str, length: usize) -> Vec<u8> {
    let line =
        format!("{} HTTP/{}", route(random, routes), mostly(random, "1.1", "1.0|0.9|2.0|1.99"));
    let mut lines = vec![
        line.into_bytes(),
        mostly(random, "Host: localhost", HOSTS).into(),
        mostly(random, &format!("Authorization: Bearer {token}"), TOKENS).into(),
        mostly(random, "X-Requested-By: me", "X-Requested-By:|x").into(),
        mostly(random, &format!("Content-Length: {}", length), LENGTHS).into(),
    ];
    match random.u8(..50) {
        0 => lines.extend((0..200).map(|n| format!("X-{n}: {n}").into_bytes())),
        1 => lines.push([b"X: ".to_vec(), vec![b'x'; 200_000]].concat()),
        2 => lines.push(bytes(random, 100)),
        _ => {}
    }
    [lines.join(&b"\r\n"[..]), b"\r\n\r\n".to_vec()].concat()
}

fn route(random: &mut Rng, routes: &str) -> String {
    let mut target = String::new();
    let usual = one(random, routes);
    for (n, piece) in mostly(random, usual, ODD_ROUTES).split("{}").enumerate() {
        if n > 0 {
            let usual = one(random, USUAL_IDS);
            target += mostly(random, usual, IDS);
        }
        target += piece;
    }
    if random.u8(..12) == 0 {
        let (from, size) = (one(random, NUMBERS), one(random, NUMBERS));
        target += &format!("?from={from}&size={size}&order=desc&doAs=%ff&&=");
    }
    target
}

/// Chooses a route, and makes a body that is nearly right for it.
fn with_body(random: &mut Rng) -> (&'static str, Vec<u8>) {
    let (routes, right) = match random.u8(..8) {
        0 => ("POST /sessions", json!({"kind": "pyspark"})),
        1 => ("POST /batches", json!({"file": "/a", "args": [one(random, CODES)]})),
        2 => ("POST /sessions/{}/completion", json!({"code": "a", "kind": "spark", "cursor": 1})),
        3 => ("POST /sessions/{}/submit-job", json!({"job": "Lg==", "jobType": "pyspark"})),
        4 => ("POST /sessions/{}/run-job", json!({"job": "Lg=="})),
        _ => ("POST /sessions/{}/statements", json!({"code": one(random, CODES)})),
    };
    (routes, spoilt(random, right))
}

fn spoilt(random: &mut Rng, right: Value) -> Vec<u8> {
    let mut body = right;
    match (random.u8(..24), &mut body) {
        (0, _) => return bytes(random, 300),
        (1, _) => return "[".repeat(random.usize(..100_000)).into_bytes(),
        (2, _) => return b"5\r\n{\"a\":\r\nffffffffffffffff\r\n".to_vec(),
        (3..10, Value::Object(fields)) => put(random, fields),
        _ => {}
    }
    body.to_string().into_bytes()
}

/// Sets a field, mostly to a value of the right type.
fn put(random: &mut Rng, fields: &mut Map<String, Value>) {
    let (names, value) = match random.u8(..8) {
        0 => ("kind", json!(one(random, KINDS))),
        1 => ("ttl|idleTimeout", json!(one(random, TIMES))),
        2 => ("code", json!(one(random, CODES))),
        3 => (COUNTS, number(random)),
        4 => (LISTS, json!([one(random, IDS), "/a\0b"])),
        5 => ("conf", json!({"spark.ui.port": one(random, NUMBERS), "\n": "\0"})),
        6 => (TEXTS, json!("x".repeat(random.usize(..50_000)))),
        _ => (TEXTS, json!(one(random, IDS))),
    };
    let names = if random.u8(..6) == 0 { COUNTS } else { names };
    fields.insert(one(random, names).to_owned(), value);
}

fn number(random: &mut Rng) -> Value {
    let numbers: [Value; 7] = [
        0.into(),
        (-1).into(),
        u64::MAX.into(),
        i64::MIN.into(),
        1e308.into(),
        (1_u64 << 32).into(),
        "7".into(),
    ];
    numbers[random.usize(..numbers.len())].clone()
}

/// Changes a byte or two, as a broken program might.
fn mutate(random: &mut Rng, wire: &mut Vec<u8>) {
    if wire.is_empty() {
        return;
    }
    let at = random.usize(..wire.len());
    match random.u8(..5) {
        0 => wire.truncate(at),
        1 => wire[at] ^= 1 << random.u8(..8),
        2 => wire.insert(at, random.u8(..)),
        3 => drop(wire.remove(at)),
        _ => wire.splice(at..at, *b"\r\n").for_each(drop),
    }
}

fn mostly<'a>(random: &mut Rng, usual: &'a str, others: &'a str) -> &'a str {
    if random.u8(..12) == 0 { one(random, others) } else { usual }
}

fn one<'a>(random: &mut Rng, list: &'a str) -> &'a str {
    let items: Vec<&str> = list.split('|').collect();
    items[random.usize(..items.len())]
}

fn bytes(random: &mut Rng, most: usize) -> Vec<u8> {
    let count = random.usize(..most);
    std::iter::repeat_with(|| random.u8(..)).take(count).collect()
}
