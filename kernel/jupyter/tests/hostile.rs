//! Peers that are hostile or broken: the kernel survives, and serves the others. None of the attacks
//! needs the key.

#![cfg(unix)]
#![allow(clippy::unwrap_used)] // a test may fail anywhere

mod support;

use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use jupyter_wire::{ConnectionInfo, Parent, content::Stream};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};
use zeromq::prelude::*;

use self::support::*;

/// Returns every port, with the socket type of its peers.
fn ports(info: &ConnectionInfo) -> [(u16, &'static str); 5] {
    [
        (info.shell_port, "DEALER"),
        (info.control_port, "DEALER"),
        (info.stdin_port, "DEALER"),
        (info.iopub_port, "SUB"),
        (info.hb_port, "REQ"),
    ]
}

async fn connect(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).await.unwrap()
}

/// Connects a peer that has finished the handshake.
async fn peer(port: u16, socket_type: &str) -> TcpStream {
    let mut stream = connect(port).await;
    stream.write_all(&handshake(socket_type)).await.unwrap();
    stream
}

/// Whether the kernel ends the connection, whatever it sends before.
async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    timeout(ANSWER_LIMIT, stream.read_to_end(&mut rest)).await.is_ok()
}

/// Writes a message as a ZeroMQ peer does.
fn zmtp(frames: &[Bytes]) -> Vec<u8> {
    let mut wire = Vec::new();
    for (n, frame) in frames.iter().enumerate() {
        let more = u8::from(n + 1 < frames.len());
        wire.push(more | 2);
        wire.extend((frame.len() as u64).to_be_bytes());
        wire.extend(frame);
    }
    wire
}

/// Changes a message as an accident or an attacker would.
fn mutate(random: &mut Rng, wire: &mut Vec<u8>) {
    let at = random.usize(..wire.len());
    match random.u8(..5) {
        0 => wire.truncate(at),
        1 => wire[at] ^= 1 << random.u8(..8),
        2 => wire[at] = *random.choice(&[0, 1, 2, 4, 7, 0x7f, 0x80, 0xff]).unwrap(),
        3 => {
            wire.remove(at);
        }
        _ => wire.insert(at, random.u8(..)),
    }
    if wire.is_empty() {
        wire.push(0xff);
    }
}

#[tokio::test]
async fn a_giant_frame_ends_its_own_connection_and_nothing_else() {
    let (info, mut requests, frontend) = kernel().await;
    for (port, socket_type) in ports(&info) {
        for length in [65 << 20, 1_u64 << 40, 1 << 62, (1 << 63) - 1, u64::MAX] {
            for flags in [2, 3, 6] {
                let mut stream = peer(port, socket_type).await;
                let claim = [&[flags][..], &length.to_be_bytes()].concat();
                stream.write_all(&claim).await.unwrap();
                assert!(is_closed(&mut stream).await, "{socket_type} {length} {flags}");
            }
        }
    }
    let mut client = dealer(&info, info.shell_port, "anna").await;
    still_answers(&mut client, &mut requests, &frontend).await;
    still_publishes(&info, &frontend).await;
    still_beats(&info).await;
}

#[tokio::test]
async fn random_bytes_and_changed_messages_disturb_nobody() {
    let (info, mut requests, frontend) = kernel().await;
    let mut random = Rng::with_seed(20_261_125);
    for round in 0..150 {
        for (port, socket_type) in ports(&info) {
            let wire = match round % 3 {
                0 => std::iter::repeat_with(|| random.u8(..)).take(300).collect(),
                1 => {
                    let noise: Vec<u8> =
                        std::iter::repeat_with(|| random.u8(..)).take(300).collect();
                    [handshake(socket_type), noise].concat()
                }
                _ => {
                    let message = zmtp(&signed("execute_request", "x", "{}", "{\"code\":\"1\"}"));
                    let mut wire = [handshake(socket_type), message].concat();
                    for _ in 0..random.usize(1..4) {
                        mutate(&mut random, &mut wire);
                    }
                    wire
                }
            };
            raw(port, &wire, round % 2 == 0).await;
        }
    }
    // A message that was changed only in its framing, which is not signed, may have arrived.
    while timeout(SETTLING_TIME, requests.shell.recv()).await.is_ok() {}
    let mut client = dealer(&info, info.shell_port, "anna").await;
    still_answers(&mut client, &mut requests, &frontend).await;
    still_publishes(&info, &frontend).await;
    still_beats(&info).await;
}

#[tokio::test]
async fn a_thousand_connections_that_say_nothing_take_few_places_and_keep_nobody_out() {
    raise_the_limit_of_files();
    let (info, mut requests, frontend) = kernel().await;
    let mut silent = Vec::new();
    for n in 0..1000 {
        let mut stream = connect(info.shell_port).await;
        // Some have begun the handshake.
        if n % 2 == 0 {
            stream.write_all(&handshake("DEALER")[..n % 64]).await.unwrap();
        }
        silent.push(stream);
    }
    let mut client = dealer(&info, info.shell_port, "anna").await;
    still_answers(&mut client, &mut requests, &frontend).await;

    let mut open = 0;
    for stream in &mut silent {
        let mut rest = Vec::new();
        let closed = timeout(Duration::from_millis(20), stream.read_to_end(&mut rest)).await;
        open += usize::from(closed.is_err());
    }
    assert!(open <= 32, "{open} are still open");
}

#[tokio::test]
async fn who_connects_and_says_nothing_is_sent_away_after_a_while_and_who_has_spoken_stays() {
    let (info, mut requests, frontend) = kernel().await;
    let mut silent = connect(info.control_port).await;
    let mut client = dealer(&info, info.shell_port, "anna").await;
    assert!(is_closed(&mut silent).await);
    still_answers(&mut client, &mut requests, &frontend).await;
}

#[tokio::test]
async fn a_subscriber_that_stops_reading_is_dropped_and_the_others_get_everything() {
    const FLOOD_LENGTH: usize = 3000;
    let (info, _requests, frontend) = kernel().await;
    let mut frozen = peer(info.iopub_port, "SUB").await;
    frozen.write_all(&[0, 1, 1]).await.unwrap();
    let mut reader = welcomed(&info).await;
    let text = "x".repeat(20_000);
    let publisher = tokio::spawn(async move {
        for n in 0..FLOOD_LENGTH {
            frontend.publish(&Parent::none(), &Stream::stdout(format!("{n} {text}"))).await;
        }
        frontend.flush().await;
    });
    for n in 0..FLOOD_LENGTH {
        let frames = within(reader.recv()).await.unwrap().into_vec();
        let content = String::from_utf8_lossy(frames.last().unwrap());
        assert!(content.contains(&format!("\"{n} xx")), "{n} is missing");
    }
    within(publisher).await.unwrap();
    assert!(is_closed(&mut frozen).await);
}

#[tokio::test]
async fn a_message_that_is_sent_again_counts_once() {
    let (info, mut requests, frontend) = kernel().await;
    let mut anna = dealer(&info, info.shell_port, "anna").await;
    let mut thief = dealer(&info, info.shell_port, "thief").await;
    let mut control = dealer(&info, info.control_port, "thief").await;
    let message = signed("execute_request", "once", "{}", "{\"code\":\"pay()\"}");
    send(&mut anna, message.clone()).await;
    assert_eq!(next(&mut requests).await.header().msg_id, "once");
    let mut shouted = message.clone();
    shouted[1] = message[1].to_ascii_uppercase().into();
    for again in [message.clone(), shouted, message.clone()] {
        send(&mut thief, again.clone()).await;
        send(&mut anna, again).await;
    }
    send(&mut control, message).await;
    sleep(SETTLING_TIME).await;
    still_answers(&mut anna, &mut requests, &frontend).await;
    assert!(requests.shell.try_recv().is_err() && requests.control.try_recv().is_err());
}

#[tokio::test]
async fn a_huge_header_is_dropped_since_everything_would_repeat_it() {
    let (info, mut requests, frontend) = kernel().await;
    let mut client = dealer(&info, info.shell_port, "anna").await;
    let name = "x".repeat(10_000_000);
    let header = format!(r#"{{"msg_id":"{name}","msg_type":"execute_request"}}"#);
    send(&mut client, sign([&header, "{}", "{}", "{}"])).await;
    still_answers(&mut client, &mut requests, &frontend).await;
}

#[tokio::test]
async fn json_that_is_nested_without_end_is_no_message() {
    let (info, mut requests, frontend) = kernel().await;
    let mut client = dealer(&info, info.shell_port, "anna").await;
    let deep = "[".repeat(60_000);
    let header = format!(r#"{{"msg_type":"execute_request","x":{deep}"#);
    send(&mut client, sign([&header, "{}", "{}", "{}"])).await;
    send(&mut client, signed("execute_request", "deep", "{}", &deep)).await;
    let request = next(&mut requests).await;
    assert_eq!(request.header().msg_id, "deep");
    assert!(request.content::<serde_json::Value>().is_err());
    still_answers(&mut client, &mut requests, &frontend).await;
}

/// Raises the limit of open files: this test has a thousand connections, and many systems allow no more.
fn raise_the_limit_of_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
}
