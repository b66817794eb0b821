use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tracing::error;
use zeromq::{SocketRecv, SocketSend};

use crate::channel::iopub::Publisher;
use crate::channel::stdin::Question;
use crate::channel::{requests, stdin};
use crate::content::{Content, ErrorReply, ExecutionState, InputRequest, Status};
use crate::copies::{Copier, Copies, Publication};
#[cfg(unix)]
use crate::guard::Guards;
use crate::message::Parent;
use crate::outbox::{BOUND, Outbox};
use crate::request::{Channel, Request};
use crate::session::{Packed, Session};

/// How many requests may wait to be taken; more wait in the socket.
const REQUESTS: usize = 64;

/// How long [`Frontend::close`] waits for the queues, and what it takes for a sign that the sockets'
/// own queues are empty: that nothing leaves for so long.
const LINGER: Duration = Duration::from_millis(100);

/// How long [`Frontend::close`] waits for that sign.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The requests as they arrive, in order on each channel.
#[derive(Debug)]
pub struct Requests {
    /// Requests that may have to wait for the running cell.
    pub shell: mpsc::Receiver<Request>,
    /// Requests that must not wait.
    pub control: mpsc::Receiver<Request>,
}

/// The frontends, as the kernel speaks to them. Cheap to clone; the sockets close with the last
/// handle, and what is then still queued is lost unless [`close`](Self::close) came first.
#[derive(Clone)]
pub struct Frontend {
    queues: Arc<Queues>,
    copier: Option<Arc<Copier>>,
    #[cfg(unix)]
    guards: Option<Arc<Guards>>,
}

struct Queues {
    session: Arc<Session>,
    shell: Outbox,
    control: Outbox,
    iopub: Outbox,
    stdin: mpsc::UnboundedSender<Question>,
    subscribed: watch::Receiver<bool>,
    /// Ends the tasks when it is dropped.
    _tasks: JoinSet<()>,
}

/// The sockets that carry messages; those on which requests or replies arrive are halves.
pub(crate) struct Sockets<Send, Receive, Publish> {
    pub shell: (Send, Receive),
    pub control: (Send, Receive),
    pub stdin: (Send, Receive),
    pub iopub: Publish,
    /// How many peers the last has.
    pub peers: watch::Receiver<usize>,
}

/// Gives each socket the task that owns it. `tasks` may already hold others that must end with them.
pub(crate) fn start<S, R, P>(
    session: Session,
    sockets: Sockets<S, R, P>,
    mut tasks: JoinSet<()>,
) -> (Requests, Frontend)
where
    S: SocketSend + Send + 'static,
    R: SocketRecv + Send + 'static,
    P: SocketSend + SocketRecv + Send + 'static,
{
    let session = Arc::new(session);
    let mut serve = |channel, (sender, receiver)| {
        let (outbox, outgoing) = Outbox::new(BOUND);
        let (arrived, requests) = mpsc::channel(REQUESTS);
        tasks.spawn(requests::read(channel, receiver, Arc::clone(&session), arrived));
        tasks.spawn(requests::reply(channel, sender, outgoing));
        (outbox, requests)
    };
    let (shell, shell_requests) = serve(Channel::Shell, sockets.shell);
    let (control, control_requests) = serve(Channel::Control, sockets.control);

    let (iopub, outgoing) = Outbox::new(BOUND);
    let (subscribes, subscribed) = watch::channel(false);
    let publishing = Publisher::new(sockets.iopub, Arc::clone(&session), sockets.peers);
    tasks.spawn(publishing.run(outgoing, subscribes));

    let (stdin, questions) = mpsc::unbounded_channel();
    let (sender, receiver) = sockets.stdin;
    tasks.spawn(stdin::run(receiver, sender, Arc::clone(&session), questions));

    let queues = Queues { session, shell, control, iopub, stdin, subscribed, _tasks: tasks };
    let requests = Requests { shell: shell_requests, control: control_requests };
    let queues = Arc::new(queues);
    #[cfg(unix)]
    let frontend = Frontend { queues, copier: None, guards: None };
    #[cfg(not(unix))]
    let frontend = Frontend { queues, copier: None };
    (requests, frontend)
}

impl Frontend {
    /// The same, behind these guards, which stand as long as anybody has it.
    #[cfg(unix)]
    pub(crate) fn behind(self, guards: Guards) -> Self {
        Self { guards: Some(Arc::new(guards)), ..self }
    }

    /// The same, and a copy of whatever is published through it.
    pub fn with_copies(&self) -> (Self, Copies) {
        let (copier, copies) = Copier::new();
        (Self { copier: Some(Arc::new(copier)), ..self.clone() }, copies)
    }

    /// Publishes a copy, in answer to something else than before.
    pub async fn publish_copy(&self, parent: &Parent, copy: &Publication) {
        if let Some(packed) = self.publication(&copy.msg_type, parent, &copy.content) {
            self.queues.iopub.send_when_room(packed.frames).await;
        }
    }

    /// Replies on the request's own channel, to who sent it. Only queues.
    pub fn reply<C: Content>(&self, request: &Request, reply: &C) {
        self.send_reply(request, C::MSG_TYPE, reply);
    }

    /// Replies [with an error](https://jupyter-client.readthedocs.io/en/stable/messaging.html#request-reply)
    /// to any request. Only queues. A message to which the protocol knows no reply gets none.
    pub fn error_reply(&self, request: &Request, ename: &str, evalue: &str) {
        if let Some(reply_type) = reply_type(request.msg_type()) {
            self.send_reply(request, &reply_type, &ErrorReply::new(ename, evalue));
        }
    }

    /// Publishes to every frontend, in order. Waits while too much is queued for a slow reader.
    pub async fn publish<C: Content>(&self, parent: &Parent, content: &C) {
        self.copy(content);
        if let Some(packed) = self.publication(C::MSG_TYPE, parent, content) {
            self.queues.iopub.send_when_room(packed.frames).await;
        }
    }

    /// Publishes something small behind everything published before. Never waits.
    pub fn publish_now<C: Content>(&self, parent: &Parent, content: &C) {
        if let Some(packed) = self.publication(C::MSG_TYPE, parent, content) {
            self.queues.iopub.send(packed.frames);
        }
    }

    /// Publishes a status. Never waits.
    pub fn status(&self, parent: &Parent, execution_state: ExecutionState) {
        self.publish_now(parent, &Status { execution_state });
    }

    /// Returns once some frontend has subscribed: what is published before that nobody gets.
    pub async fn subscribed(&self) {
        // It fails when the socket is closed, which others notice.
        let _ = self.queues.subscribed.clone().wait_for(|subscribed| *subscribed).await;
    }

    /// Returns once everything published before has been handed to the socket, or it is closed.
    pub async fn flush(&self) {
        self.queues.iopub.flush().await;
    }

    /// [Asks](https://jupyter-client.readthedocs.io/en/stable/messaging.html#messages-on-the-stdin-router-dealer-channel)
    /// the person whose frontend sent the request; drop the future to stop asking. `None` if that
    /// frontend cannot be reached, or if another question took this one's place. Whether the
    /// request allows to ask (`allow_stdin`) is for the caller to see.
    pub async fn input(&self, request: &Request, prompt: &str, password: bool) -> Option<String> {
        let content = InputRequest { prompt: prompt.to_owned(), password };
        let identities = request.identities.to_vec();
        let packed = self.pack(identities, InputRequest::MSG_TYPE, &request.parent(), &content)?;
        let (answer, answered) = oneshot::channel();
        self.queues.stdin.send(Question { request: packed, answer }).ok()?;
        answered.await.ok()
    }

    /// Waits, at most 0.6 s, until what is queued has left. To be called before the
    /// process ends: a ROUTER of zeromq 0.7 only queues what it is given to send.
    pub async fn close(&self) {
        let Queues { shell, control, iopub, .. } = &*self.queues;
        let flushed = async { tokio::join!(shell.flush(), control.flush(), iopub.flush()) };
        let _ = tokio::time::timeout(LINGER, flushed).await;
        let _ = tokio::time::timeout(LAST_WORDS, self.quiet()).await;
    }

    /// Waits until nothing leaves any more, as far as that can be seen.
    async fn quiet(&self) {
        #[cfg(unix)]
        if let Some(guards) = &self.guards {
            return guards.passed().quiet(LINGER).await;
        }
        tokio::time::sleep(LINGER).await;
    }

    fn send_reply(&self, request: &Request, msg_type: &str, reply: &impl Serialize) {
        let outbox = match request.channel {
            Channel::Shell => &self.queues.shell,
            Channel::Control => &self.queues.control,
        };
        let packed = self.pack(request.identities.to_vec(), msg_type, &request.parent(), reply);
        if let Some(packed) = packed {
            outbox.send(packed.frames);
        }
    }

    /// The topic names the kernel and the message, as ipykernel's does, never a frontend.
    fn publication(
        &self,
        msg_type: &str,
        parent: &Parent,
        content: &impl Serialize,
    ) -> Option<Packed> {
        let topic = format!("kernel.{}.{msg_type}", self.queues.session.id);
        self.pack(vec![topic.into()], msg_type, parent, content)
    }

    fn copy<C: Content>(&self, content: &C) {
        if let Some(copier) = &self.copier
            && let Ok(content) = serde_json::to_value(content)
        {
            copier.copy(&Publication { msg_type: C::MSG_TYPE.to_owned(), content });
        }
    }

    fn pack(
        &self,
        identities: Vec<Bytes>,
        msg_type: &str,
        parent: &Parent,
        content: &impl Serialize,
    ) -> Option<Packed> {
        let packed = self.queues.session.pack(identities, msg_type, parent, content);
        packed
            .inspect_err(|error| error!(msg_type, %error, "a message could not be written as JSON"))
            .ok()
    }
}

/// `execute_request` → `execute_reply`; nothing for what is no request.
fn reply_type(msg_type: &str) -> Option<String> {
    msg_type.strip_suffix("_request").map(|request| format!("{request}_reply"))
}

#[cfg(test)]
mod tests {
    use super::reply_type;

    #[test]
    fn only_a_request_has_a_reply() {
        assert_eq!(reply_type("complete_request").as_deref(), Some("complete_reply"));
        assert_eq!(reply_type("comm_open"), None);
    }
}
