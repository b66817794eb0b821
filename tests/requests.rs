use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Channel, Done, Exchange, Frontend, Livy, Network, Proxy};

/// Jupyter's own test of kernels waits no longer than this for idle.
const PROMPT: Duration = Duration::from_millis(100);

/// Every request but cells and those that end the kernel, and something sensible for it to hold.
fn questions() -> Vec<(&'static str, Value)> {
    vec![
        ("kernel_info_request", json!({})),
        ("is_complete_request", json!({"code": "1"})),
        ("history_request", json!({"hist_access_type": "tail", "n": 5, "output": true})),
        ("inspect_request", json!({"code": "x", "cursor_pos": 1, "detail_level": 0})),
        ("complete_request", json!({"code": "x", "cursor_pos": 1})),
        ("comm_info_request", json!({"target_name": "jupyter.widget"})),
        ("interrupt_request", json!({})),
        ("usage_request", json!({})),
    ]
}

/// What has no reply: messages about comms, and whatever this protocol does not know.
fn statements() -> Vec<(&'static str, Value)> {
    vec![
        ("comm_open", json!({"comm_id": "c", "target_name": "t", "data": {}})),
        ("comm_msg", json!({"comm_id": "c", "data": {}})),
        ("comm_close", json!({"comm_id": "c", "data": {}})),
        ("create_subshell_request", json!({})),
        ("debug_request", json!({"type": "request", "command": "initialize"})),
        ("connect_request", json!({})),
        ("input_reply", json!({"value": "x"})),
        ("kernel_info_reply", json!({"status": "ok"})),
        ("_request", json!({})),
        ("nonsense", json!({})),
    ]
}

/// What a content may be that makes no sense.
fn nonsense() -> Vec<String> {
    let wrong = json!({"code": 7, "cursor_pos": "x", "hist_access_type": "sideways", "restart": 7,
        "comm_id": 7, "target_name": 7, "silent": "no"});
    ["[]", "null", "7", "\"text\"", "{\"code\":", ""]
        .map(str::to_owned)
        .into_iter()
        .chain([wrong.to_string()])
        .collect()
}

/// A content that makes sense, alone and beside what nobody has heard of.
fn sense(content: &Value) -> Vec<String> {
    let mut more = content.clone();
    more["unheard_of"] = json!({"a": [1, null]});
    vec![content.to_string(), more.to_string()]
}

/// Busy comes once and first, then outputs, then the one reply, and idle once and soon after it.
async fn is_answered(
    frontend: &mut Frontend,
    channel: Channel,
    msg_type: &str,
    content: &str,
) -> Done {
    let mut request = frontend.send_text(channel, msg_type, content).await;
    let done = request.end().await;
    let what = format!("{msg_type} {content} on {channel:?}");
    assert!(done.reply.content["status"].is_string(), "{what}: {done:?}");
    assert!(done.idle_after() <= PROMPT, "{what}: idle came {:?} later", done.idle_after());
    nothing_follows(frontend, channel).await;
    request.is_over();
    done
}

async fn is_busy_and_idle_without_a_reply(
    frontend: &mut Frontend,
    channel: Channel,
    msg_type: &str,
    content: &str,
) {
    let mut request = frontend.send_text(channel, msg_type, content).await;
    request.end_without_reply().await;
    nothing_follows(frontend, channel).await;
    request.is_over();
}

/// Once a later request on the same channel is answered, all that an earlier one causes has come,
/// or waits for a cell.
async fn nothing_follows(frontend: &mut Frontend, channel: Channel) {
    frontend.ask(channel, "kernel_info_request", json!({})).await.is_ok();
}

async fn every_question_is_answered(frontend: &mut Frontend) {
    for channel in Channel::BOTH {
        for (msg_type, content) in questions() {
            for content in sense(&content).into_iter().chain(nonsense()) {
                is_answered(frontend, channel, msg_type, &content).await;
            }
        }
    }
}

#[tokio::test]
async fn every_question_is_busy_answered_and_idle_whatever_it_holds() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;
    every_question_is_answered(&mut frontend).await;
}

#[tokio::test]
async fn what_has_no_reply_is_busy_and_idle_whatever_it_holds() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;
    for channel in Channel::BOTH {
        for (msg_type, content) in statements() {
            for content in sense(&content).into_iter().chain(nonsense()) {
                is_busy_and_idle_without_a_reply(&mut frontend, channel, msg_type, &content).await;
            }
        }
    }
}

#[tokio::test]
async fn every_cell_is_busy_answered_and_idle_whatever_it_holds() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;
    for channel in Channel::BOTH {
        for (code, status) in [("echo hi", "ok"), ("", "ok"), ("error E e", "error")] {
            for content in sense(&json!({"code": code})) {
                let done = is_answered(&mut frontend, channel, "execute_request", &content).await;
                assert_eq!(done.status(), status, "{done:?}");
            }
        }
        for content in nonsense() {
            let done = is_answered(&mut frontend, channel, "execute_request", &content).await;
            assert_eq!(done.status(), "error", "{content}: {done:?}");
        }
    }
}

#[tokio::test]
async fn an_interrupted_cell_and_those_behind_it_become_idle() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    let mut cells = vec![frontend.execute("sleep 60").await];
    livy.until_statements(2).await;
    for channel in Channel::BOTH {
        cells.push(frontend.send(channel, "execute_request", json!({"code": "echo no"})).await);
        nothing_follows(&mut frontend, channel).await;
    }
    frontend.interrupt().await;
    for (cell, status) in cells.iter_mut().zip(["error", "aborted", "aborted"]) {
        let done = cell.end().await;
        assert_eq!(done.status(), status, "{done:?}");
        assert!(done.idle_after() <= PROMPT, "idle came {:?} later", done.idle_after());
    }
    frontend.run("echo next").await.is_ok();
    cells.iter_mut().for_each(Exchange::is_over);
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_answered_by_an_error() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;
    let asked = ["is_complete_request", "complete_request", "history_request", "inspect_request"];
    for (msg_type, channel) in asked.into_iter().zip(Channel::BOTH.into_iter().cycle()) {
        for content in nonsense() {
            let done = is_answered(&mut frontend, channel, msg_type, &content).await;
            assert_eq!(done.status(), "error", "{msg_type} {content}: {done:?}");
        }
    }
}

#[tokio::test]
async fn content_may_be_empty() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;
    for msg_type in ["execute_request", "history_request", "inspect_request", "complete_request"] {
        for channel in Channel::BOTH {
            is_answered(&mut frontend, channel, msg_type, "{}").await.is_ok();
        }
    }
}

#[tokio::test]
async fn a_malformed_shutdown_is_an_error_and_the_kernel_stays() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;
    for channel in Channel::BOTH {
        for content in nonsense() {
            let done = is_answered(&mut frontend, channel, "shutdown_request", &content).await;
            assert_eq!(done.status(), "error", "{content}: {done:?}");
        }
    }
}

#[tokio::test]
async fn every_other_request_is_answered_while_a_cell_runs() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    let mut cell = frontend.execute("sleep 3\necho hi").await;
    livy.until_statements(2).await;
    let questions = questions().into_iter().filter(|(asked, _)| *asked != "interrupt_request");
    for (msg_type, content) in questions {
        for channel in Channel::BOTH {
            is_answered(&mut frontend, channel, msg_type, &content.to_string()).await;
        }
    }
    for (msg_type, content) in statements() {
        for channel in Channel::BOTH {
            let content = content.to_string();
            is_busy_and_idle_without_a_reply(&mut frontend, channel, msg_type, &content).await;
        }
    }
    assert_eq!(cell.end().await.text(), "hi");
}

#[tokio::test]
async fn every_question_and_cell_is_answered_while_livy_refuses() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Refuses).await;
    let mut frontend = Frontend::open("pyspark", &network.url()).await;
    let cell = json!({"code": "echo hi"}).to_string();
    for channel in Channel::BOTH {
        for (msg_type, content) in questions() {
            is_answered(&mut frontend, channel, msg_type, &content.to_string()).await;
        }
        let done = is_answered(&mut frontend, channel, "execute_request", &cell).await;
        assert_eq!(done.status(), "error");
    }
}
