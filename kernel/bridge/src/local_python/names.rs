//! Completion and inspection of the local Python's names.

use std::time::Duration;

use jupyter_wire::{
    Channel, Message,
    content::{CompleteReply, InspectReply},
};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    language::cursor::{Cursor, code_points},
    local_python::{listeners::Said, process::Process},
};

/// How long it may take to answer; it does not while a cell of its own runs.
const LIMIT: Duration = Duration::from_secs(10);

/// Completes the code at the cursor.
pub async fn complete(process: &Process, code: &str, at: &Cursor<'_>) -> Option<CompleteReply> {
    let request = json!({"code": code, "cursor_pos": code_points(at.before)});
    ask(process, "complete_request", &request).await?.content().ok()
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
    let reply: InspectReply = ask(process, "inspect_request", &request).await?.content().ok()?;
    reply.found.then_some(reply)
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
