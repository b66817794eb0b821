//! Both sides of the sockets: a kernel's, from [`bind`], and a frontend's, by the clients of the
//! `zeromq` crate and by plain TCP. The clients sign and read messages with code of their own, so that
//! an error in the crate shows.

#![allow(dead_code, reason = "each test program uses some of it")]

#[path = "../../../../tests/support/ports.rs"]
mod ports;

use std::{future::Future, path::Path, time::Duration};

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use jupyter_wire::{
    ConnectionInfo, Frontend, Parent, Request, Requests, Transport, bind,
    content::{ExecuteReply, Stream},
};
use serde_json::Value;
use sha2::Sha256;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{sleep, timeout},
};
use zeromq::{
    DealerSocket, ReqSocket, SocketOptions, SubSocket, ZmqMessage, prelude::*, util::PeerIdentity,
};

use self::ports::free_port;

pub const KEY: &str = "the key";
/// How long a test waits for what must happen.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// How long a test waits for what must not happen.
pub const SETTLING_TIME: Duration = Duration::from_millis(200);

// The kernel's side.

pub async fn kernel() -> (ConnectionInfo, Requests, Frontend) {
    let info = free_ports();
    let (requests, frontend) = bind(&info).await.unwrap();
    (info, requests, frontend)
}

pub fn free_ports() -> ConnectionInfo {
    info(Transport::Tcp, "127.0.0.1", [(); 5].map(|()| free_port()))
}

pub fn ipc(path: &Path) -> ConnectionInfo {
    info(Transport::Ipc, path.to_str().unwrap(), [1, 2, 3, 4, 5])
}

pub fn info(transport: Transport, ip: &str, ports: [u16; 5]) -> ConnectionInfo {
    let [shell_port, control_port, stdin_port, iopub_port, hb_port] = ports;
    ConnectionInfo {
        transport,
        ip: ip.into(),
        shell_port,
        control_port,
        stdin_port,
        iopub_port,
        hb_port,
        key: KEY.into(),
        signature_scheme: "hmac-sha256".into(),
        kernel_name: None,
    }
}

pub async fn next(requests: &mut Requests) -> Request {
    within(requests.shell.recv()).await.unwrap()
}

pub fn ask(frontend: &Frontend, request: &Request) -> tokio::task::JoinHandle<Option<String>> {
    let (frontend, request) = (frontend.clone(), request.clone());
    tokio::spawn(async move { frontend.input(&request, "name? ", false).await })
}

pub async fn still_answers(
    client: &mut DealerSocket,
    requests: &mut Requests,
    frontend: &Frontend,
) {
    send(client, signed("execute_request", "next", "{}", "{}")).await;
    let request = next(requests).await;
    assert_eq!(request.header().msg_id, "next");
    frontend.reply(&request, &ExecuteReply::ok(1));
    assert_eq!(receive(client).await.parent_text, header("execute_request", "next"));
}

pub async fn still_publishes(info: &ConnectionInfo, frontend: &Frontend) {
    let mut subscriber = welcomed(info).await;
    frontend.publish(&Parent::none(), &Stream::stdout("still here")).await;
    assert_eq!(receive(&mut subscriber).await.content["text"], "still here");
}

pub async fn still_beats(info: &ConnectionInfo) {
    let mut client = ReqSocket::new();
    within(client.connect(&info.endpoint(info.hb_port))).await.unwrap();
    for beat in ["ping", "pong"] {
        within(client.send(beat.into())).await.unwrap();
        assert_eq!(within(client.recv()).await.unwrap().into_vec(), [beat]);
    }
}

// The frontend's side.

pub async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(ANSWER_LIMIT, future).await.expect("in time")
}

pub async fn dealer(info: &ConnectionInfo, port: u16, identity: &str) -> DealerSocket {
    let mut options = SocketOptions::default();
    options.peer_identity(identity.parse::<PeerIdentity>().unwrap());
    let mut socket = DealerSocket::with_options(options);
    within(socket.connect(&info.endpoint(port))).await.unwrap();
    socket
}

pub async fn subscribe(info: &ConnectionInfo, topic: &str) -> SubSocket {
    let mut socket = SubSocket::new();
    within(socket.connect(&info.endpoint(info.iopub_port))).await.unwrap();
    socket.subscribe(topic).await.unwrap();
    socket
}

pub async fn welcomed(info: &ConnectionInfo) -> SubSocket {
    let mut subscriber = subscribe(info, "").await;
    assert_eq!(receive(&mut subscriber).await.header["msg_type"], "iopub_welcome");
    subscriber
}

pub fn header(msg_type: &str, msg_id: &str) -> String {
    format!(
        r#"{{ "msg_id":"{msg_id}","msg_type":"{msg_type}","session":"client session","version":"5.0","x":1.0}}"#
    )
}

pub fn signed(msg_type: &str, msg_id: &str, parent: &str, content: &str) -> Vec<Bytes> {
    sign([&header(msg_type, msg_id), parent, "{}", content])
}

pub fn sign(parts: [&str; 4]) -> Vec<Bytes> {
    sign_bytes(parts.map(str::as_bytes))
}

pub fn sign_bytes(parts: [&[u8]; 4]) -> Vec<Bytes> {
    let mut frames = vec![Bytes::from_static(b"<IDS|MSG>"), signature(&parts).into()];
    frames.extend(parts.iter().map(|part| Bytes::copy_from_slice(part)));
    frames
}

pub fn signature(parts: &[impl AsRef<[u8]>]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    parts.iter().for_each(|part| mac.update(part.as_ref()));
    hex::encode(mac.finalize().into_bytes())
}

pub async fn send(socket: &mut impl SocketSend, frames: Vec<Bytes>) {
    within(socket.send(ZmqMessage::try_from(frames).unwrap())).await.unwrap();
}

pub struct Received {
    pub identities: Vec<Bytes>,
    pub header: Value,
    pub parent_text: Bytes,
    pub content: Value,
}

pub async fn receive(socket: &mut impl SocketRecv) -> Received {
    let frames = within(socket.recv()).await.unwrap().into_vec();
    let at = frames.iter().position(|frame| frame == "<IDS|MSG>").unwrap();
    let [signed, header, parent, metadata, content] = &frames[at + 1..] else {
        panic!("{} frames after the delimiter", frames.len() - at - 1);
    };
    assert_eq!(signed, &signature(&[header, parent, metadata, content]));
    assert_eq!(metadata, "{}");
    Received {
        identities: frames[..at].to_vec(),
        header: serde_json::from_slice(header).unwrap(),
        parent_text: parent.clone(),
        content: serde_json::from_slice(content).unwrap(),
    }
}

/// Returns what a ZeroMQ peer sends before its first message.
pub fn handshake(socket_type: &str) -> Vec<u8> {
    let mut greeting = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0];
    greeting.extend(b"NULL");
    greeting.resize(64, 0);
    let mut ready = b"\x05READY\x0bSocket-Type\x00\x00\x00".to_vec();
    ready.push(socket_type.len() as u8);
    ready.extend(socket_type.as_bytes());
    [greeting, vec![4, ready.len() as u8], ready].concat()
}

/// Sends only these bytes, and then hangs up or stays silent.
pub async fn raw(port: u16, bytes: &[u8], hang_up: bool) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    (!hang_up).then_some(stream)
}
