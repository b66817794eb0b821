//! Changes frames and contents at random, from a fixed seed: nothing panics, and no changed message is
//! accepted.

use bytes::Bytes;
use fastrand::Rng;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Session;
use crate::{
    content::{
        CommInfoRequest, CommOpen, CompleteRequest, ExecuteRequest, HistoryRequest, InputReply,
        InspectRequest, IsCompleteRequest, ShutdownRequest,
    },
    frame::Frames,
    message::{Message, Parent},
};

const ROUNDS: usize = 30_000;

#[test]
fn changed_frames_are_refused_and_whole_ones_pass() {
    let mut random = Rng::with_seed(1);
    let session = Session::new("k");
    for _ in 0..ROUNDS {
        let route = vec![Bytes::from_static(b"id")];
        let packed = session.pack(route, "stream", &Parent::none(), &json!({"text": "ä"}));
        let whole = packed.unwrap().frames;
        let mut frames = whole.clone();
        for _ in 0..random.usize(1..4) {
            change_frames(&mut random, &mut frames);
        }
        // Routes and buffers are not signed; everything else must be unchanged.
        let signed = |frames: &[Bytes]| Frames::split(frames).ok().map(|frames| frames.parts);
        if Session::new("k").unpack(&frames).is_ok() {
            assert_eq!(signed(&frames), signed(&whole));
        }
        assert!(Session::new("k").unpack(&whole).is_ok());
    }
}

fn change_frames(random: &mut Rng, frames: &mut Vec<Bytes>) {
    if frames.is_empty() {
        return frames.push(Bytes::from_static(b"<IDS|MSG>"));
    }
    let (at, other) = (random.usize(..frames.len()), random.usize(..frames.len()));
    match random.u8(..6) {
        0 => {
            frames.remove(at);
        }
        1 => frames.insert(at, frames[other].clone()),
        2 => frames.swap(at, other),
        3 => frames.truncate(at),
        _ => {
            let mut bytes = frames[at].to_vec();
            change_bytes(random, &mut bytes);
            frames[at] = bytes.into();
        }
    }
}

fn change_bytes(random: &mut Rng, bytes: &mut Vec<u8>) {
    const TOKENS: [&[u8]; 12] = [
        b"{",
        b"}",
        b"[[[[",
        b"\"",
        b"null",
        b"-1",
        b"1e999",
        b"18446744073709551616",
        b"\\ud800",
        b"\xff",
        b"\0",
        b",",
    ];
    let at = random.usize(..=bytes.len());
    match random.u8(..4) {
        0 => bytes.truncate(at),
        1 if at < bytes.len() => bytes[at] ^= 1 << random.u8(..8),
        2 if at < bytes.len() => {
            bytes.remove(at);
        }
        _ => {
            let token = TOKENS[random.usize(..TOKENS.len())];
            bytes.splice(at..at, token.iter().copied());
        }
    }
}

#[test]
fn changed_contents_are_read_or_refused() {
    let mut random = Rng::with_seed(2);
    let whole = [
        json!({"code": "1", "silent": false, "store_history": true, "user_expressions": {"a": "b"},
            "allow_stdin": false, "stop_on_error": true}),
        json!({"code": "x.", "cursor_pos": 2, "detail_level": 0}),
        json!({"output": true, "raw": true, "hist_access_type": "range", "session": 0, "start": 1,
            "stop": 5, "n": 3, "pattern": "*", "unique": true}),
        json!({"comm_id": "c", "target_name": "t", "data": {}}),
        json!({"restart": true, "value": "ä"}),
    ];
    assert!(whole.iter().all(|content| reads_something(content.to_string().into())));
    for round in 0..ROUNDS {
        let mut bytes = whole[round % whole.len()].to_string().into_bytes();
        for _ in 0..random.usize(1..6) {
            change_bytes(&mut random, &mut bytes);
        }
        let is_object = matches!(serde_json::from_slice(&bytes), Ok(Value::Object(_)));
        assert!(is_object || !reads_something(bytes.into()), "only objects are contents");
    }
}

/// Whether any request can be read from a content.
fn reads_something(content: Bytes) -> bool {
    let header = Bytes::from_static(br#"{"msg_type":"x"}"#);
    let empty = Bytes::from_static(b"{}");
    let message = Message::parse([header, empty.clone(), empty, content], Vec::new()).unwrap();
    let readers = [
        reads::<ExecuteRequest>,
        reads::<CompleteRequest>,
        reads::<InspectRequest>,
        reads::<HistoryRequest>,
        reads::<IsCompleteRequest>,
        reads::<CommInfoRequest>,
        reads::<CommOpen>,
        reads::<ShutdownRequest>,
        reads::<InputReply>,
        reads::<Value>,
    ];
    readers.iter().filter(|reads| reads(&message)).count() > 0
}

fn reads<T: DeserializeOwned>(message: &Message) -> bool {
    message.content::<T>().is_ok()
}
