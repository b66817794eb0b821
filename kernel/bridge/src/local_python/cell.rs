//! One cell of the local Python, from its request to its reply.

use std::{sync::Arc, time::Duration};

use jupyter_wire::{Channel, Message, Request, content::InputRequest};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{sync::mpsc::UnboundedReceiver, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    display::sink::OutputSink,
    error::CellError,
    local_python::{listeners::Said, process::Process},
};

/// How long an interrupted cell may go on.
const INTERRUPT_LIMIT: Duration = Duration::from_secs(5);

const ELSEWHERE: &str = "The session has variables of its own: %get NAME brings one here. Without the line %%local, the cell runs in the \
     session.";

/// A `%%local` cell.
pub struct LocalCell<'a> {
    /// The code below the magic.
    pub code: &'a str,
    /// Where its outputs go.
    pub sink: &'a OutputSink,
    /// Its request, if its frontend answers questions.
    pub questions: Option<&'a Arc<Request>>,
    /// Cancelled when the user interrupts.
    pub interrupt: &'a CancellationToken,
}

/// A reply to an `execute_request`, as far as it matters here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reply {
    status: String,
    ename: String,
    evalue: String,
    traceback: Vec<String>,
    payload: Vec<Value>,
}

/// Runs the cell, and returns its actions for the frontend.
///
/// # Errors
///
/// The cell's error, its interrupt, or the end of the local Python.
pub async fn run(process: &Process, cell: LocalCell<'_>) -> Result<Vec<Value>, CellError> {
    let mut heard = send(process, &cell);
    let ended = tokio::select! {
        biased;
        reply = converse(process, &cell, &mut heard) => reply,
        () = process.until_ended() => None,
        () = endure_interrupt(process, &cell) => {
            process.kill().await;
            return Err(CellError::interrupted(
                "the cell did not stop, so the Python of this machine was ended. The next %%local cell starts \
                 another, without the variables of this one.",
            ));
        }
    };
    result(ended.ok_or_else(has_died)?)
}

/// The count of cells is this kernel's, so that errors name the cell by the number that the notebook shows.
fn send(process: &Process, cell: &LocalCell<'_>) -> UnboundedReceiver<Said> {
    let Process { client, listeners, .. } = process;
    let ask = |code: &str, silent: bool| {
        let allow_stdin = cell.questions.is_some();
        let request = json!({
            "code": code, "silent": silent, "store_history": !silent, "user_expressions": {},
            "allow_stdin": allow_stdin, "stop_on_error": false,
        });
        client.send(Channel::Shell, "execute_request", &request)
    };
    let count = cell.sink.execution_count();
    ask(&format!("get_ipython().execution_count = {count}"), true);
    listeners.listen(ask(cell.code, cell.sink.is_silent()), Some(cell.sink.clone()))
}

/// Returns the reply once everything is shown; `None` if nothing more is heard.
async fn converse(
    process: &Process,
    cell: &LocalCell<'_>,
    heard: &mut UnboundedReceiver<Said>,
) -> Option<Reply> {
    let (mut reply, mut is_idle) = (None, false);
    loop {
        match heard.recv().await? {
            Said::Reply(message) => reply = Some(message.content().unwrap_or_default()),
            Said::Idle => is_idle = true,
            Said::Question(question) => answer(process, cell, &question).await,
        }
        if is_idle && reply.is_some() {
            return reply;
        }
    }
}

/// Asks the user. Without an answer, the interrupt ends the cell's waiting.
async fn answer(process: &Process, cell: &LocalCell<'_>, question: &Message) {
    let Some(request) = cell.questions else { return };
    let InputRequest { prompt, password } = question.content().unwrap_or_default();
    let asked = cell.sink.frontend().input(request, &prompt, password);
    if let Some(Some(value)) = cell.interrupt.run_until_cancelled(asked).await {
        process.client.answer(question, value);
    }
}

/// Passes the user's interrupt on, and returns if the cell takes no notice.
async fn endure_interrupt(process: &Process, cell: &LocalCell<'_>) {
    cell.interrupt.cancelled().await;
    process.client.send(Channel::Control, "interrupt_request", &json!({}));
    sleep(INTERRUPT_LIMIT).await;
}

fn has_died() -> CellError {
    CellError::new(
        "LocalPythonError",
        "the Python of this machine that runs %%local cells has ended while it ran this one",
        "The next %%local cell starts another, without its variables. The Spark session goes on.",
    )
}

fn result(reply: Reply) -> Result<Vec<Value>, CellError> {
    let Reply { status, ename, evalue, traceback, payload } = reply;
    match status.as_str() {
        "ok" => Ok(payload),
        _ if ename == "NameError" => {
            Err(CellError { ename, evalue, traceback }.with_lines([ELSEWHERE.to_owned()]))
        }
        _ => Err(CellError { ename, evalue, traceback }),
    }
}
