use bytes::Bytes;
use fastrand::Rng;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::support::{Channel, Connection, Frontend, Livy, Wire};

#[tokio::test]
async fn a_malformed_message_is_ignored_and_the_next_is_answered() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    let (_, whole) = frontend.wire.request("shutdown_request", "{\"restart\":false}");
    let (_, forged) = Wire::new("another key").request("shutdown_request", "{}");
    let mut changed = whole.clone();
    changed[5] = Bytes::from_static(b"{\"restart\":true}");
    let mut unsigned = whole.clone();
    unsigned[1] = Bytes::new();
    let mut bad = vec![forged, changed, unsigned];
    bad.extend((1..whole.len()).map(|kept| whole[..kept].to_vec()));
    bad.push(vec![Bytes::new()]);
    bad.push(frontend.wire.sign(&["not JSON", "{}", "{}", "{}"]));
    bad.push(frontend.wire.sign(&["null", "{}", "{}", "{}"]));
    bad.push(frontend.wire.sign(&["{}", "{}", "{}", "{}"]));

    for channel in Channel::BOTH {
        for frames in &bad {
            frontend.send_frames(channel, frames.clone()).await;
        }
        frontend.ask(channel, "kernel_info_request", json!({})).await.is_ok();
    }
    frontend.run("echo hi").await.is_ok();
}

#[tokio::test]
async fn content_that_is_no_json_is_answered_by_an_error() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;

    for channel in Channel::BOTH {
        let mut request = frontend.send_text(channel, "complete_request", "{\"code\":").await;
        assert_eq!(request.end().await.status(), "error");
    }
}

#[tokio::test]
async fn an_empty_key_means_that_nothing_is_signed() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open_at("pyspark", &livy.url(), Connection::new("")).await;

    frontend.ask(Channel::Control, "kernel_info_request", json!({})).await.is_ok();
    frontend.run("echo hi").await.is_ok();
}

#[tokio::test]
async fn a_cell_that_is_sent_again_is_not_run_again() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;
    let (_, cell) = frontend.wire.request("execute_request", "{\"code\":\"echo once\"}");
    for _ in 0..3 {
        frontend.send_frames(Channel::Shell, cell.clone()).await;
    }
    frontend.send_frames(Channel::Control, cell).await;
    frontend.run("echo last").await.is_ok();
    assert_eq!(livy.codes().await, ["echo ready", "echo once", "echo last"]);
}

/// Contents that no frontend would send, from a fixed seed.
fn strange_content(random: &mut Rng) -> Value {
    let mut content = serde_json::Map::new();
    for field in [
        "code",
        "cursor_pos",
        "detail_level",
        "hist_access_type",
        "start",
        "stop",
        "n",
        "session",
        "pattern",
        "unique",
        "output",
        "comm_id",
        "target_name",
        "silent",
        "store_history",
        "user_expressions",
        "stop_on_error",
    ] {
        let value = match random.u8(..12) {
            0 => json!(null),
            1 => json!(random.bool()),
            2 => json!(random.i64(..)),
            3 => json!(i64::MIN),
            4 => json!(u64::MAX),
            5 => json!(-1),
            6 => json!(1e300),
            7 => json!(["tail", "range", "search"][random.usize(..3)]),
            8 => json!("%%sql\n%%pyspark"),
            9 => json!(std::iter::repeat_with(|| random.char(..)).take(20).collect::<String>()),
            10 => json!({"a": [[]]}),
            _ => continue,
        };
        content.insert(field.to_owned(), value);
    }
    content.into()
}

#[tokio::test]
async fn whatever_is_asked_however_strangely_is_busy_and_idle_once() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;
    let mut random = Rng::with_seed(4);
    let types = [
        "execute_request",
        "complete_request",
        "inspect_request",
        "history_request",
        "is_complete_request",
        "comm_info_request",
        "kernel_info_request",
        "interrupt_request",
    ];
    for round in 0..400 {
        let msg_type = types[round % types.len()];
        let channel = Channel::BOTH[round / types.len() % 2];
        let content = strange_content(&mut random);
        let mut request = frontend.send(channel, msg_type, content).await;
        request.end().await;
    }
    for msg_type in ["comm_open", "comm_msg", "comm_close", "nonsense"] {
        for _ in 0..20 {
            let content = strange_content(&mut random);
            frontend.send(Channel::Shell, msg_type, content).await.end_without_reply().await;
        }
    }
    frontend.run("echo hi").await.is_ok();
}

/// Says what a subscriber says, and reads nothing.
async fn frozen_subscriber(port: u16) -> TcpStream {
    let mut greeting = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0];
    greeting.extend(b"NULL");
    greeting.resize(64, 0);
    let ready = b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03SUB\x00\x01\x01";
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(&[&greeting[..], ready].concat()).await.unwrap();
    stream
}

#[tokio::test]
async fn a_subscriber_that_stops_reading_does_not_stop_the_kernel() {
    let livy = Livy::start().await;
    let connection = Connection::new("the key");
    let mut frontend = Frontend::open_at("sparkr", &livy.url(), connection.clone()).await;
    let _frozen = frozen_subscriber(connection.iopub).await;
    for _ in 0..12 {
        frontend.run("lines 10000 150").await.is_ok();
        frontend.ask(Channel::Control, "kernel_info_request", json!({})).await.is_ok();
    }
}
