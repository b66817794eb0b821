//! A frontend's message for a comm of the local Python.

use std::sync::Arc;

use jupyter_wire::{Channel, ExecutionState, Request};

use crate::{
    display::sink::OutputSink,
    local_python::{listeners::Said, process::Process},
    platform::task,
};

/// Passes the message on. Its request is busy until it has been handled.
pub fn pass_on(process: &Arc<Process>, request: &Request, sink: OutputSink) {
    let message = request.message();
    process.listeners.comms.note(message, Some(sink.clone()));
    sink.frontend().status(&request.parent(), ExecutionState::Busy);
    let id = process.client.send_raw(Channel::Shell, message.into());
    let mut heard = process.listeners.listen(id, Some(sink.clone()));
    let process = Arc::clone(process);
    task::spawn_detached("it waited for the local Python", async move {
        let until_idle = async { while !matches!(heard.recv().await, Some(Said::Idle) | None) {} };
        tokio::select! {
            () = until_idle => {}
            () = process.until_ended() => {}
        }
        sink.frontend().status(&sink.parent(), ExecutionState::Idle);
    });
}
