//! Passes on what the local Python says: outputs to the cell that has caused them, also after its end, and the
//! rest to who waits for it.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jupyter_wire::{Message, Received};
use serde_json::{Map, Value};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::{display::sink::OutputSink, local_python::comms::OpenComms};

/// How many requests are remembered that have been answered: a thread may print long after its cell.
const REMEMBERED: usize = 200;

/// Who waits for what.
#[derive(Default)]
pub struct Listeners {
    /// The comms, whose messages need no request.
    pub comms: OpenComms,
    requests: Mutex<VecDeque<Listener>>,
}

struct Listener {
    request: String,
    sink: Option<OutputSink>,
    said: UnboundedSender<Said>,
}

/// What a request has caused, beside outputs.
#[derive(Debug)]
pub enum Said {
    /// Its reply.
    Reply(Message),
    /// A question to the user.
    Question(Message),
    /// Everything that it shows has been shown.
    Idle,
}

impl Listeners {
    /// Waits for what a request causes. Its outputs go to the sink, if it has one.
    pub fn listen(&self, request: String, sink: Option<OutputSink>) -> UnboundedReceiver<Said> {
        let (said, heard) = mpsc::unbounded_channel();
        let mut listeners = self.lock();
        listeners.push_back(Listener { request, sink, said });
        let answered = listeners.iter().position(|one| one.said.is_closed());
        if let Some(oldest) = answered.filter(|_| listeners.len() > REMEMBERED) {
            listeners.remove(oldest);
        }
        heard
    }

    /// Passes a message on.
    pub async fn pass_on(&self, received: Received) {
        match received {
            Received::Reply(reply) => self.say(&reply.parent_msg_id(), Said::Reply(reply)),
            Received::Question(asked) => self.say(&asked.parent_msg_id(), Said::Question(asked)),
            Received::Publication(publication) => self.publish(publication).await,
        }
    }

    fn say(&self, request: &Option<String>, said: Said) {
        if let Some(listener) =
            self.lock().iter().find(|one| Some(&one.request) == request.as_ref())
        {
            // It fails when nobody waits any more.
            let _ = listener.said.send(said);
        }
    }

    async fn publish(&self, message: Message) {
        let request = message.parent_msg_id();
        match message.msg_type() {
            "status" if is_idle(&message) => self.say(&request, Said::Idle),
            // The reply has the error, and this kernel has its own of the others.
            "status" | "error" | "execute_input" | "iopub_welcome" => {}
            "execute_result" => {
                if let Some(sink) = self.sink(&request) {
                    show_result(&sink, &message).await;
                }
            }
            "comm_open" | "comm_msg" | "comm_close" => {
                if let Some(sink) = self.comms.note(&message, self.sink(&request)) {
                    sink.publish_raw((&message).into()).await;
                }
            }
            _ => {
                if let Some(sink) = self.sink(&request) {
                    sink.publish_raw((&message).into()).await;
                }
            }
        }
    }

    fn sink(&self, request: &Option<String>) -> Option<OutputSink> {
        let listeners = self.lock();
        listeners.iter().find(|one| Some(&one.request) == request.as_ref())?.sink.clone()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Listener>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_idle(message: &Message) -> bool {
    message.content::<Value>().is_ok_and(|content| content["execution_state"] == "idle")
}

async fn show_result(sink: &OutputSink, message: &Message) {
    let Ok(mut content) = message.content::<Map<String, Value>>() else { return };
    let mut object = |name| match content.remove(name) {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let (data, metadata) = (object("data"), object("metadata"));
    sink.show_result(data, metadata, Default::default()).await;
}
