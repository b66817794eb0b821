//! The comms of the local Python with the notebook, such as its widgets.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jupyter_wire::{Channel, ExecutionState, Message, Request};
use serde::Deserialize;

use crate::{
    display::sink::OutputSink,
    local_python::{listeners::Said, process::Process},
    platform::task,
};

/// The comms that are open.
#[derive(Default)]
pub struct OpenComms(Mutex<BTreeMap<String, OpenComm>>);

struct OpenComm {
    target_name: String,
    /// Where its messages go that answer no request.
    sink: OutputSink,
}

/// What matters of any message of a comm.
#[derive(Deserialize)]
struct OfComm {
    comm_id: String,
    #[serde(default)]
    target_name: String,
}

impl OpenComms {
    /// Their ids and the names of their targets.
    pub fn list(&self) -> BTreeMap<String, String> {
        let comms = self.lock();
        comms.iter().map(|(id, comm)| (id.clone(), comm.target_name.clone())).collect()
    }

    /// Notes what a message says of a comm. The sink is that of the request which it answers; returns the sink
    /// to which the message goes.
    pub fn note(&self, message: &Message, sink: Option<OutputSink>) -> Option<OutputSink> {
        let OfComm { comm_id, target_name } = message.content().ok()?;
        let mut comms = self.lock();
        let sink = sink.or_else(|| comms.get(&comm_id).map(|comm| comm.sink.clone()))?;
        match message.msg_type() {
            "comm_open" => {
                comms.insert(comm_id, OpenComm { target_name, sink: sink.clone() });
            }
            "comm_close" => {
                comms.remove(&comm_id);
            }
            _ => {}
        }
        Some(sink)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, OpenComm>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes a frontend's message on. Its request is busy until it has been handled.
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
