use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde::Serialize;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{sleep, timeout},
};
use tracing::error;

#[cfg(unix)]
use crate::proxy::Proxies;
use crate::{
    channel::stdin::Question,
    content::{Content, ErrorReply, ExecutionState, InputRequest, Status},
    copies::{Copier, Copies, Publication},
    message::{Parent, RawMessage},
    outbox::Outbox,
    request::{Channel, Request},
    session::{Packed, Session},
    tasks::Tasks,
};

/// How long [`Frontend::close`] waits for the queues.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(100);
/// When nothing leaves for so long, [`Frontend::close`] takes the sockets' own queues for empty.
const QUIET_PERIOD: Duration = Duration::from_millis(100);
/// How long [`Frontend::close`] waits for such a period.
const QUIET_TIMEOUT: Duration = Duration::from_millis(500);

/// Sends to the frontends. Cheap to clone; the sockets close with the last clone, and what is then
/// still queued is lost unless [`close`](Self::close) came first.
#[derive(Clone)]
pub struct Frontend {
    queues: Arc<Queues>,
    copier: Option<Arc<Copier>>,
    #[cfg(unix)]
    proxies: Option<Arc<Proxies>>,
}

/// The ways to the tasks that own the sockets.
pub(crate) struct Queues {
    pub session: Arc<Session>,
    pub shell: Outbox,
    pub control: Outbox,
    pub iopub: Outbox,
    pub stdin: mpsc::UnboundedSender<Question>,
    /// Whether a frontend has ever subscribed.
    pub subscribed: watch::Receiver<bool>,
    /// Whether what was published has reached a frontend.
    pub delivered: watch::Receiver<bool>,
    pub tasks: Tasks,
}

impl Frontend {
    pub(crate) fn new(queues: Queues) -> Self {
        Self {
            queues: Arc::new(queues),
            copier: None,
            #[cfg(unix)]
            proxies: None,
        }
    }

    /// Keeps the sockets' proxies for as long as the frontend is used.
    #[cfg(unix)]
    pub(crate) fn with_proxies(self, proxies: Proxies) -> Self {
        Self { proxies: Some(Arc::new(proxies)), ..self }
    }

    /// Returns a clone that also copies what is published through it, and the copies.
    pub fn with_copies(&self) -> (Self, Copies) {
        let (copier, copies) = Copier::new();
        (Self { copier: Some(Arc::new(copier)), ..self.clone() }, copies)
    }

    /// Returns a clone that copies nothing. The copies end with the last clone that makes some.
    #[must_use]
    pub fn without_copies(&self) -> Self {
        Self { copier: None, ..self.clone() }
    }

    /// Publishes a copy again, with another parent.
    pub async fn publish_copy(&self, parent: &Parent, copy: &Publication) {
        if let Some(packed) = self.publication(&copy.msg_type, parent, &copy.content) {
            self.queues.iopub.send_when_room(packed.frames).await;
        }
    }

    /// Replies on the request's own channel to its sender. Only queues, so it never waits.
    pub fn reply<C: Content>(&self, request: &Request, reply: &C) {
        self.send_reply(request, C::MSG_TYPE, reply);
    }

    /// Replies [with an error](https://jupyter-client.readthedocs.io/en/stable/messaging.html#request-reply)
    /// to any request. Only queues, so it never waits. Messages that are no requests, such as
    /// `comm_open`, get no reply.
    pub fn error_reply(&self, request: &Request, ename: &str, evalue: &str) {
        if let Some(reply_type) = reply_type(request.msg_type()) {
            self.send_reply(request, &reply_type, &ErrorReply::new(ename, evalue));
        }
    }

    /// Publishes to every frontend, in order. Waits while more than 16 MiB are queued for a slow
    /// reader.
    pub async fn publish<C: Content>(&self, parent: &Parent, content: &C) {
        self.copy(content);
        if let Some(packed) = self.publication(C::MSG_TYPE, parent, content) {
            self.queues.iopub.send_when_room(packed.frames).await;
        }
    }

    /// Publishes a message whose parts are written already, in order with the others.
    pub async fn publish_raw(&self, parent: &Parent, raw: RawMessage) {
        let topic = self.topic(&raw.msg_type);
        match self.queues.session.pack_raw(vec![topic.into()], parent, raw) {
            Ok(packed) => self.queues.iopub.send_when_room(packed.frames).await,
            Err(error) => error!("a message was not sent: {error}"),
        }
    }

    /// Publishes something small after everything published before. Never waits.
    pub fn publish_now<C: Content>(&self, parent: &Parent, content: &C) {
        if let Some(packed) = self.publication(C::MSG_TYPE, parent, content) {
            self.queues.iopub.send(packed.frames);
        }
    }

    /// Publishes a [`Status`]. Never waits.
    pub fn status(&self, parent: &Parent, execution_state: ExecutionState) {
        self.publish_now(parent, &Status { execution_state });
    }

    /// Returns when the task of a channel has panicked, which is logged. The kernel cannot receive or
    /// send there any more, and has to end, so that Jupyter starts another.
    pub async fn channel_died(&self) {
        self.queues.tasks.panicked().await;
    }

    /// Returns once a frontend has subscribed to iopub.
    pub async fn subscribed(&self) {
        // It fails when the socket is closed, which others notice.
        let _ = self.queues.subscribed.clone().wait_for(|subscribed| *subscribed).await;
    }

    /// Returns once everything published before has been handed to the socket, or the socket is
    /// closed.
    pub async fn flush(&self) {
        self.queues.iopub.flush().await;
    }

    /// Returns true once everything published before has been sent to a frontend, and false if the
    /// socket is closed first. While no frontend is connected, publications are kept in this process
    /// and are lost with it.
    pub async fn delivered(&self) -> bool {
        self.flush().await;
        self.queues.delivered.clone().wait_for(|delivered| *delivered).await.is_ok()
    }

    /// [Asks](https://jupyter-client.readthedocs.io/en/stable/messaging.html#messages-on-the-stdin-router-dealer-channel)
    /// the user whose frontend sent the request; drop the future to stop asking. Returns `None` if
    /// that frontend cannot be reached, or if another question has replaced this one. The caller
    /// must check that the request allows questions (`allow_stdin`).
    pub async fn input(&self, request: &Request, prompt: &str, password: bool) -> Option<String> {
        let content = InputRequest { prompt: prompt.to_owned(), password };
        let identities = request.identities.to_vec();
        let packed = self.pack(identities, InputRequest::MSG_TYPE, &request.parent(), &content)?;
        let (answer, answered) = oneshot::channel();
        self.queues.stdin.send(Question { request: packed, answer }).ok()?;
        answered.await.ok()
    }

    /// Waits, for 0.6 s at most, until what is queued has left. To be called before the process
    /// ends: a ROUTER socket of zeromq 0.7 only queues what it is given to send.
    pub async fn close(&self) {
        let Queues { shell, control, iopub, .. } = &*self.queues;
        let flushed = async { tokio::join!(shell.flush(), control.flush(), iopub.flush()) };
        let _ = timeout(FLUSH_TIMEOUT, flushed).await;
        let _ = timeout(QUIET_TIMEOUT, self.wait_until_quiet()).await;
    }

    /// Waits until nothing leaves any more, as far as that can be seen.
    async fn wait_until_quiet(&self) {
        #[cfg(unix)]
        if let Some(proxies) = &self.proxies {
            return proxies.sent().wait_until_quiet(QUIET_PERIOD).await;
        }
        sleep(QUIET_PERIOD).await;
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

    /// Packs a publication. Its topic names the kernel and the message, as ipykernel's does.
    fn publication(
        &self,
        msg_type: &str,
        parent: &Parent,
        content: &impl Serialize,
    ) -> Option<Packed> {
        self.pack(vec![self.topic(msg_type).into()], msg_type, parent, content)
    }

    fn topic(&self, msg_type: &str) -> String {
        format!("kernel.{}.{msg_type}", self.queues.session.id)
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

/// Turns `execute_request` into `execute_reply`; `None` for what is no request.
fn reply_type(msg_type: &str) -> Option<String> {
    msg_type.strip_suffix("_request").map(|request| format!("{request}_reply"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_request_has_a_reply() {
        assert_eq!(reply_type("complete_request").as_deref(), Some("complete_reply"));
        assert_eq!(reply_type("comm_open"), None);
    }
}
