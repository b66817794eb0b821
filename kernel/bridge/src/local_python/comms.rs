//! The comms of the local Python with the notebook, such as its widgets.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jupyter_wire::Message;
use serde::Deserialize;

use crate::display::sink::OutputSink;

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
    /// Whether there are any.
    pub fn are_used(&self) -> bool {
        !self.lock().is_empty()
    }

    /// Whether this one is open.
    pub fn has(&self, id: &str) -> bool {
        self.lock().contains_key(id)
    }

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
