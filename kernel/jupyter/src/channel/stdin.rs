//! The kernel asks the person for input:
//! <https://jupyter-client.readthedocs.io/en/stable/messaging.html#messages-on-the-stdin-router-dealer-channel>.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tracing::{debug, warn};
use zeromq::{SocketRecv, SocketSend};

use super::receive_message;
use crate::content::InputReply;
use crate::message::Message;
use crate::outbox::try_send;
use crate::session::{Packed, Session};

const CHANNEL: &str = "stdin";

/// An `input_request` and who waits for its answer.
pub(crate) struct Question {
    pub request: Packed,
    pub answer: oneshot::Sender<String>,
}

/// Asks one question at a time: a new one takes the place of the one before.
pub(crate) async fn run(
    mut receiver: impl SocketRecv,
    mut sender: impl SocketSend,
    session: Arc<Session>,
    mut questions: mpsc::UnboundedReceiver<Question>,
) {
    let mut open = None;
    loop {
        tokio::select! {
            // Replies first: one that is already here cannot answer a question not yet asked.
            biased;
            (_, reply) = receive_message(CHANNEL, &mut receiver, &session) => settle(&mut open, &reply),
            question = questions.recv() => match question {
                Some(question) => open = ask(&mut sender, question).await,
                None => return,
            },
        }
    }
}

/// A question that still wants its answer.
struct Open {
    msg_id: String,
    answer: oneshot::Sender<String>,
}

/// If the requester cannot be reached the question is dropped, which tells whoever waits.
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

fn settle(open: &mut Option<Open>, reply: &Message) {
    match open.take_if(|question| is_reply_to(&question.msg_id, reply)) {
        Some(question) => answer(question, reply),
        None => debug!(channel = CHANNEL, "a reply that nobody waits for was dropped"),
    }
}

/// jupyter_client's own `input()` sends no parent, so only a *different* parent makes a reply stale.
fn is_reply_to(msg_id: &str, reply: &Message) -> bool {
    reply.msg_type() == "input_reply" && reply.parent_msg_id().is_none_or(|parent| parent == msg_id)
}

fn answer(question: Open, reply: &Message) {
    match reply.content() {
        Ok(InputReply { value }) => {
            let _ = question.answer.send(value); // whoever waited may have been interrupted
        }
        Err(_) => warn!(channel = CHANNEL, "an input_reply without a value was dropped"),
    }
}
