//! Completion and inspection of the local Python's names.

use std::time::Duration;

use jupyter_wire::{
    Channel, Message,
    content::{CompleteReply, InspectReply},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use crate::{
    language::cursor::{Cursor, code_points},
    local_python::{listeners::Said, process::Process},
};

/// How long it may take to answer; it does not while a cell of its own runs.
const LIMIT: Duration = Duration::from_secs(10);

#[derive(Default, Deserialize)]
#[serde(default)]
struct Completed {
    matches: Vec<String>,
    cursor_start: i64,
    cursor_end: i64,
    metadata: Map<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Inspected {
    found: bool,
    data: Map<String, Value>,
}

/// Completes the code at the cursor.
pub async fn complete(process: &Process, code: &str, at: &Cursor<'_>) -> Option<CompleteReply> {
    let request = json!({"code": code, "cursor_pos": code_points(at.before)});
    let reply = ask(process, "complete_request", &request).await?;
    let Completed { matches, cursor_start, cursor_end, metadata } = reply.content().ok()?;
    Some(CompleteReply { matches, cursor_start, cursor_end, metadata })
}

/// Inspects the name at the cursor.
pub async fn inspect(
    process: &Process,
    code: &str,
    at: &Cursor<'_>,
    detail: i64,
) -> Option<InspectReply> {
    let request =
        json!({"code": code, "cursor_pos": code_points(at.before), "detail_level": detail});
    let reply = ask(process, "inspect_request", &request).await?;
    let Inspected { found, data } = reply.content().ok()?;
    found.then(|| InspectReply::found(data))
}

async fn ask(process: &Process, msg_type: &str, content: &Value) -> Option<Message> {
    let request = process.client.send(Channel::Shell, msg_type, content);
    let mut heard = process.listeners.listen(request, None);
    let reply = async {
        loop {
            if let Said::Reply(reply) = heard.recv().await? {
                return Some(reply);
            }
        }
    };
    timeout(LIMIT, reply).await.ok()?
}
