//! `bind` on real sockets, against the clients of the `zeromq` crate and against plain TCP.

#![allow(clippy::unwrap_used)] // a test may fail anywhere

mod support;

use std::time::Duration;

use bytes::Bytes;
use jupyter_wire::{
    ConnectionInfo, ExecutionState, Parent, bind,
    content::{ExecuteReply, InterruptReply, Stream},
};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use zeromq::prelude::*;

use self::support::*;

#[tokio::test]
async fn a_reply_goes_to_its_requester_and_echoes_the_header() {
    let (info, mut requests, frontend) = kernel().await;
    let mut anna = dealer(&info, info.shell_port, "anna").await;
    let mut berta = dealer(&info, info.shell_port, "berta").await;
    send(&mut anna, signed("execute_request", "a", "{}", "{}")).await;
    let first = next(&mut requests).await;
    send(&mut berta, signed("execute_request", "b", "{}", "{}")).await;
    let second = next(&mut requests).await;

    frontend.reply(&second, &ExecuteReply::ok(2));
    frontend.reply(&first, &ExecuteReply::ok(1));
    for (client, msg_id, count) in [(&mut anna, "a", 1), (&mut berta, "b", 2)] {
        let reply = receive(client).await;
        assert_eq!(reply.identities, Vec::<Bytes>::new());
        assert_eq!(reply.header["msg_type"], "execute_reply");
        assert_ne!(reply.header["session"], "client session");
        assert_eq!(reply.header["version"], "5.5");
        assert_eq!(reply.parent_text, header("execute_request", msg_id));
        assert_eq!(reply.content["execution_count"], count);
    }
}

#[tokio::test]
async fn control_is_answered_on_control() {
    let (info, mut requests, frontend) = kernel().await;
    let mut client = dealer(&info, info.control_port, "anna").await;
    send(&mut client, signed("interrupt_request", "i", "{}", "{}")).await;
    let request = within(requests.control.recv()).await.unwrap();
    frontend.reply(&request, &InterruptReply {});
    assert_eq!(receive(&mut client).await.header["msg_type"], "interrupt_reply");
}

#[tokio::test]
async fn what_is_no_message_is_dropped_and_the_next_is_answered() {
    let (info, mut requests, frontend) = kernel().await;
    let mut client = dealer(&info, info.shell_port, "anna").await;
    let good = || signed("execute_request", "a", "{}", "{}");
    let with = |at: usize, frame: &'static [u8]| {
        let mut frames = good();
        frames[at] = Bytes::from_static(frame);
        frames
    };
    let mut bad = vec![
        with(0, b"<MSG|IDS>"),
        with(1, b""),
        with(1, b"\xff\xfe"),
        with(1, &[b'0'; 64]),
        with(2, b"{}"),
        with(5, b"{\"code\":\"rm\"}"),
        sign(["", "{}", "{}", "{}"]),
        sign(["null", "{}", "{}", "{}"]),
        sign(["[\"execute_request\"]", "{}", "{}", "{}"]),
        sign(["{\"msg_id\":\"a\"}", "{}", "{}", "{}"]),
        sign_bytes([b"{\"msg_type\":\"\xff\"}", b"{}", b"{}", b"{}"]),
    ];
    bad.extend((1..good().len()).map(|kept| good()[..kept].to_vec()));
    for frames in bad {
        send(&mut client, frames).await;
    }
    still_answers(&mut client, &mut requests, &frontend).await;
}

#[tokio::test]
async fn content_that_is_no_json_still_gets_an_error_reply() {
    let (info, mut requests, frontend) = kernel().await;
    let mut client = dealer(&info, info.shell_port, "anna").await;
    send(&mut client, signed("complete_request", "a", "{}", "{\"code\":")).await;
    let request = next(&mut requests).await;
    let error = request.content::<Value>().unwrap_err();
    frontend.error_reply(&request, "ValueError", &error.to_string());
    let reply = receive(&mut client).await;
    assert_eq!(reply.header["msg_type"], "complete_reply");
    assert_eq!(reply.content["status"], "error");
}

#[tokio::test]
async fn peers_that_break_off_anywhere_are_survived() {
    let (info, mut requests, frontend) = kernel().await;
    let ports =
        [info.shell_port, info.control_port, info.stdin_port, info.iopub_port, info.hb_port];
    let mut hold = Vec::new();
    for port in ports {
        let socket_type = if port == info.iopub_port { "SUB" } else { "DEALER" };
        let wire =
            [handshake(socket_type), b"\x03\x00\x00\x00\x00\x00\x00\x10\x00half a fr".to_vec()];
        let wire = wire.concat();
        for end in (0..=wire.len()).step_by(7).chain([10, 63, 64, wire.len()]) {
            hold.push(raw(port, &wire[..end], false).await);
            raw(port, &wire[..end], true).await;
        }
        let garbage = [&b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..], &[0xff; 300], &[0; 300]];
        for bytes in garbage {
            hold.push(raw(port, bytes, false).await);
        }
        for bytes in &garbage[1..] {
            raw(port, &[&handshake(socket_type), *bytes].concat(), true).await;
        }
    }
    let mut client = dealer(&info, info.shell_port, "anna").await;
    still_answers(&mut client, &mut requests, &frontend).await;
    still_publishes(&info, &frontend).await;
    still_beats(&info).await;
}

#[tokio::test]
async fn a_requester_that_vanished_holds_nobody_up() {
    let (info, mut requests, frontend) = kernel().await;
    let mut gone = dealer(&info, info.shell_port, "anna").await;
    send(&mut gone, signed("execute_request", "a", "{}", "{}")).await;
    let request = next(&mut requests).await;
    drop(gone);
    sleep(SETTLING_TIME).await;
    frontend.reply(&request, &ExecuteReply::ok(1));
    assert_eq!(within(frontend.input(&request, "? ", false)).await, None);
    let mut client = dealer(&info, info.shell_port, "berta").await;
    still_answers(&mut client, &mut requests, &frontend).await;
}

#[tokio::test]
async fn requests_that_nobody_takes_do_not_hold_up_replies() {
    let (info, mut requests, frontend) = kernel().await;
    let mut client = dealer(&info, info.shell_port, "anna").await;
    send(&mut client, signed("execute_request", "first", "{}", "{}")).await;
    let first = next(&mut requests).await;
    for n in 0..500 {
        send(&mut client, signed("execute_request", &n.to_string(), "{}", "{}")).await;
    }
    sleep(SETTLING_TIME).await;
    frontend.reply(&first, &ExecuteReply::ok(1));
    assert_eq!(receive(&mut client).await.parent_text, header("execute_request", "first"));
    for n in 0..500 {
        assert_eq!(next(&mut requests).await.header().msg_id, n.to_string());
    }
}

#[tokio::test]
async fn the_heartbeat_echoes() {
    let (info, _requests, _frontend) = kernel().await;
    still_beats(&info).await;
    still_beats(&info).await;
}

#[tokio::test]
async fn each_subscriber_is_welcomed_first() {
    let (info, _requests, frontend) = kernel().await;
    let publisher = tokio::spawn(async move {
        loop {
            frontend.publish(&Parent::none(), &Stream::stdout("x")).await;
            sleep(Duration::from_micros(100)).await;
        }
    });
    for topic in ["", "kernel."] {
        let mut subscriber = subscribe(&info, topic).await;
        let welcome = receive(&mut subscriber).await;
        assert_eq!(welcome.header["msg_type"], "iopub_welcome");
        assert_eq!(welcome.content, json!({"subscription": topic}));
        assert_eq!(welcome.identities, [topic]);
        assert_eq!(welcome.parent_text, "{}");
        assert_eq!(receive(&mut subscriber).await.header["msg_type"], "stream");
    }
    publisher.abort();
}

#[tokio::test]
async fn publications_keep_their_order_and_flush_waits_for_them() {
    let (info, mut requests, frontend) = kernel().await;
    let mut client = dealer(&info, info.shell_port, "anna").await;
    let mut subscriber = welcomed(&info).await;
    send(&mut client, signed("execute_request", "a", "{}", "{}")).await;
    let parent = next(&mut requests).await.parent();

    frontend.status(&parent, ExecutionState::Busy);
    for n in 0..1000 {
        frontend.publish(&parent, &Stream::stdout(n.to_string())).await;
    }
    frontend.status(&parent, ExecutionState::Idle);
    within(frontend.flush()).await;

    assert_eq!(receive(&mut subscriber).await.content["execution_state"], "busy");
    for n in 0..1000 {
        let stream = receive(&mut subscriber).await;
        assert_eq!(stream.content["text"], n.to_string());
        assert_eq!(stream.parent_text, header("execute_request", "a"));
        assert!(stream.identities[0].starts_with(b"kernel."), "{:?}", stream.identities);
    }
    assert_eq!(receive(&mut subscriber).await.content["execution_state"], "idle");
}

#[tokio::test]
async fn what_is_published_before_the_first_subscription_is_kept_for_it() {
    let (info, mut requests, frontend) = kernel().await;
    let mut client = dealer(&info, info.shell_port, "anna").await;
    send(&mut client, signed("execute_request", "a", "{}", "{}")).await;
    let parent = next(&mut requests).await.parent();
    frontend.status(&parent, ExecutionState::Busy);
    frontend.publish(&parent, &Stream::stdout("early")).await;
    within(frontend.flush()).await;
    assert!(timeout(SETTLING_TIME, frontend.delivered()).await.is_err(), "nobody has it yet");

    // Both reconnect after a restart, one a little later.
    let mut first = welcomed(&info).await;
    let mut second = welcomed(&info).await;
    assert_eq!(receive(&mut first).await.header["msg_type"], "iopub_welcome", "the second's");
    assert!(within(frontend.delivered()).await);
    for subscriber in [&mut first, &mut second] {
        assert_eq!(receive(subscriber).await.content["execution_state"], "busy");
        assert_eq!(receive(subscriber).await.content["text"], "early");
    }
}

#[tokio::test]
async fn the_first_subscriber_waits_for_no_other_if_there_is_nothing_to_show() {
    let (info, _requests, frontend) = kernel().await;
    frontend.status(&Parent::none(), ExecutionState::Starting);
    let mut subscriber = welcomed(&info).await;
    let begun = std::time::Instant::now();
    assert_eq!(receive(&mut subscriber).await.content["execution_state"], "starting");
    assert!(begun.elapsed() < Duration::from_millis(250), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_slow_reader_makes_publishers_wait_and_loses_nothing() {
    const BACKLOG_LENGTH: usize = 50_000;
    let (info, _requests, frontend) = kernel().await;
    let mut subscriber = welcomed(&info).await;
    let publisher = tokio::spawn(async move {
        let text = "x".repeat(300);
        for n in 0..BACKLOG_LENGTH {
            frontend.publish(&Parent::none(), &Stream::stdout(format!("{n} {text}"))).await;
        }
        frontend.flush().await;
    });
    sleep(Duration::from_secs(2)).await;
    assert!(!publisher.is_finished(), "everything fits into the buffers: the test shows nothing");
    for n in 0..BACKLOG_LENGTH {
        let message = within(subscriber.recv()).await.unwrap().into_vec();
        let content: Value = serde_json::from_slice(message.last().unwrap()).unwrap();
        assert!(content["text"].as_str().unwrap().starts_with(&format!("{n} ")), "{n} is missing");
    }
    within(publisher).await.unwrap();
}

#[tokio::test]
async fn a_person_is_asked_and_answers() {
    let (info, mut requests, frontend) = kernel().await;
    let mut shell = dealer(&info, info.shell_port, "anna").await;
    let mut stdin = dealer(&info, info.stdin_port, "anna").await;
    let mut other = dealer(&info, info.stdin_port, "berta").await;
    send(&mut shell, signed("execute_request", "a", "{}", "{}")).await;
    let request = next(&mut requests).await;
    send(&mut stdin, signed("input_reply", "0", "{}", r#"{"value":"not asked"}"#)).await;
    sleep(SETTLING_TIME).await;

    // JupyterLab names the question as the reply's parent, jupyter_client's `input()` does not.
    for names_parent in [true, false] {
        let asking = ask(&frontend, &request);
        let question = receive(&mut stdin).await;
        assert_eq!(question.content, json!({"prompt": "name? ", "password": false}));
        assert_eq!(question.parent_text, header("execute_request", "a"));
        let stale = r#"{"msg_id":"another question"}"#;
        send(&mut stdin, signed("input_reply", "1", stale, r#"{"value":"stale"}"#)).await;
        send(&mut stdin, signed("complete_reply", "2", "{}", r#"{"value":"no"}"#)).await;
        let parent = if names_parent { question.header.to_string() } else { "{}".into() };
        send(&mut stdin, signed("input_reply", "3", &parent, r#"{"value":"Ada"}"#)).await;
        assert_eq!(within(asking).await.unwrap().as_deref(), Some("Ada"));
    }
    assert!(timeout(SETTLING_TIME, other.recv()).await.is_err(), "the wrong frontend was asked");
}

#[tokio::test]
async fn a_frontend_without_stdin_cannot_be_asked() {
    let (info, mut requests, frontend) = kernel().await;
    let mut shell = dealer(&info, info.shell_port, "anna").await;
    send(&mut shell, signed("execute_request", "a", "{}", "{}")).await;
    let request = next(&mut requests).await;
    assert_eq!(within(frontend.input(&request, "? ", false)).await, None);
}

#[tokio::test]
async fn an_empty_key_works_unsigned() {
    let info = ConnectionInfo { key: String::new(), ..free_ports() };
    let (mut requests, frontend) = bind(&info).await.unwrap();
    let mut client = dealer(&info, info.shell_port, "anna").await;
    let mut frames = signed("execute_request", "a", "{}", "{}");
    frames[1] = Bytes::new();
    send(&mut client, frames).await;
    let request = next(&mut requests).await;
    frontend.reply(&request, &ExecuteReply::ok(1));
    let reply = within(client.recv()).await.unwrap().into_vec();
    assert_eq!((&reply[0][..], &reply[1][..]), (&b"<IDS|MSG>"[..], &b""[..]));
}

#[tokio::test]
async fn what_was_queued_leaves_before_the_kernel_ends() {
    let info = free_ports();
    let kernel_info = info.clone();
    let (ready, started) = std::sync::mpsc::channel();
    let kernel = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (mut requests, frontend) = bind(&kernel_info).await.unwrap();
            ready.send(()).unwrap();
            let request = next(&mut requests).await;
            frontend.publish(&request.parent(), &Stream::stdout("last words")).await;
            frontend.error_reply(&request, "Large", &"x".repeat(12_000_000));
            frontend.close().await;
        });
        runtime.shutdown_background();
    });
    started.recv().unwrap();
    let mut subscriber = welcomed(&info).await;
    let mut client = dealer(&info, info.shell_port, "anna").await;
    send(&mut client, signed("execute_request", "a", "{}", "{}")).await;
    let reply = receive(&mut client).await;
    assert_eq!(reply.content["evalue"].as_str().unwrap().len(), 12_000_000);
    assert_eq!(receive(&mut subscriber).await.content["text"], "last words");
    kernel.join().unwrap();
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let (info, _requests, _frontend) = kernel().await;
    let error = bind(&info).await.err().unwrap().to_string();
    assert!(error.contains(&format!("tcp://127.0.0.1:{} (shell)", info.shell_port)), "{error}");
}

#[tokio::test]
async fn the_same_ports_can_be_bound_again_at_once() {
    let info = free_ports();
    for _ in 0..5 {
        let (mut requests, frontend) = bind(&info).await.unwrap();
        let mut client = dealer(&info, info.shell_port, "anna").await;
        still_answers(&mut client, &mut requests, &frontend).await;
    }
}

#[cfg(unix)]
#[tokio::test]
async fn ipc_works_and_replaces_the_files_of_a_killed_kernel() {
    use std::os::unix::net::UnixListener;
    let folder = tempfile::tempdir().unwrap();
    let info = ipc(&folder.path().join("kernel"));
    drop(UnixListener::bind(info.endpoint(info.shell_port).trim_start_matches("ipc://")).unwrap());

    let (mut requests, frontend) = bind(&info).await.unwrap();
    let mut client = dealer(&info, info.shell_port, "anna").await;
    still_answers(&mut client, &mut requests, &frontend).await;
    still_publishes(&info, &frontend).await;
    still_beats(&info).await;
}

#[cfg(unix)]
#[tokio::test]
async fn ipc_takes_nothing_from_a_living_kernel_or_another_file() {
    let folder = tempfile::tempdir().unwrap();
    let info = ipc(&folder.path().join("kernel"));
    let (mut requests, frontend) = bind(&info).await.unwrap();
    assert!(bind(&info).await.is_err());
    let mut client = dealer(&info, info.shell_port, "anna").await;
    still_answers(&mut client, &mut requests, &frontend).await;

    let info = ipc(&folder.path().join("notes"));
    let file = folder.path().join("notes-1");
    std::fs::write(&file, "mine").unwrap();
    assert!(bind(&info).await.is_err());
    assert_eq!(std::fs::read_to_string(file).unwrap(), "mine");
}
