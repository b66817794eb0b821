//! Asks the user for input:
//! <https://jupyter-client.readthedocs.io/en/stable/messaging.html#messages-on-the-stdin-router-dealer-channel>.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tracing::{debug, warn};
use zeromq::{SocketRecv, SocketSend};

use super::receive_message;
use crate::{
    content::InputReply,
    message::Message,
    outbox::try_send,
    session::{Packed, Session},
};

const CHANNEL: &str = "stdin";

/// An `input_request`, and where its answer goes.
pub(crate) struct Question {
    pub request: Packed,
    pub answer: oneshot::Sender<String>,
}

/// Asks one question at a time: a new one replaces the one before.
pub(crate) async fn run(
    mut receiver: impl SocketRecv,
    mut sender: impl SocketSend,
    session: Arc<Session>,
    mut questions: mpsc::UnboundedReceiver<Question>,
) {
    let mut open = None;
    loop {
        tokio::select! {
            // Replies come first: one that has already arrived cannot answer a later question.
            biased;
            (_, reply) = receive_message(CHANNEL, &mut receiver, &session) => handle_reply(&mut open, &reply),
            question = questions.recv() => match question {
                Some(question) => open = ask(&mut sender, question).await,
                None => return,
            },
        }
    }
}

/// A question that has not been answered yet.
struct Open {
    msg_id: String,
    answer: oneshot::Sender<String>,
}

/// Sends a question. If its frontend cannot be reached, it is dropped, which its caller notices.
async fn ask(socket: &mut impl SocketSend, question: Question) -> Option<Open> {
    let Question { request: Packed { frames, msg_id }, answer } = question;
    match try_send(socket, frames).await {
        Ok(()) => Some(Open { msg_id, answer }),
        Err(error) => {
            warn!(channel = CHANNEL, %error, "the frontend cannot be asked for input");
            None
        }
    }
}

fn handle_reply(open: &mut Option<Open>, reply: &Message) {
    match open.take_if(|question| is_reply_to(&question.msg_id, reply)) {
        Some(question) => answer(question, reply),
        None => debug!(channel = CHANNEL, "an unexpected reply was dropped"),
    }
}

/// Only a *different* parent makes a reply stale, since jupyter_client's own `input()` sends none.
fn is_reply_to(msg_id: &str, reply: &Message) -> bool {
    reply.msg_type() == "input_reply" && reply.parent_msg_id().is_none_or(|parent| parent == msg_id)
}

fn answer(question: Open, reply: &Message) {
    match reply.content() {
        Ok(InputReply { value }) => {
            let _ = question.answer.send(value); // the cell may have been interrupted
        }
        Err(_) => warn!(channel = CHANNEL, "an input_reply without a value was dropped"),
    }
}
