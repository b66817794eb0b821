//! Queues in the place of sockets, for a kernel and a client within one process.

use async_trait::async_trait;
use tokio::sync::{
    mpsc::{self, UnboundedReceiver, UnboundedSender},
    watch,
};
use zeromq::{SocketRecv, SocketSend, ZmqError, ZmqMessage, ZmqResult};

use crate::sockets::Sockets;

/// The client's ends.
pub(crate) struct Client {
    pub shell: UnboundedSender<ZmqMessage>,
    pub control: UnboundedSender<ZmqMessage>,
    pub stdin: UnboundedSender<ZmqMessage>,
    /// The replies of shell and control.
    pub replies: UnboundedReceiver<ZmqMessage>,
    pub publications: UnboundedReceiver<ZmqMessage>,
    pub questions: UnboundedReceiver<ZmqMessage>,
}

/// Makes the sockets of a kernel, and the other ends. The client is subscribed to everything from the start.
pub(crate) fn pair() -> (Sockets<Sender, Receiver, Publisher>, Client) {
    let (shell, shell_requests) = mpsc::unbounded_channel();
    let (control, control_requests) = mpsc::unbounded_channel();
    let (stdin, stdin_replies) = mpsc::unbounded_channel();
    let (reply, replies) = mpsc::unbounded_channel();
    let (ask, questions) = mpsc::unbounded_channel();
    let (publish, publications) = mpsc::unbounded_channel();
    let sockets = Sockets {
        shell: (Sender(reply.clone()), Receiver(shell_requests)),
        control: (Sender(reply), Receiver(control_requests)),
        stdin: (Sender(ask), Receiver(stdin_replies)),
        iopub: Publisher { publish: Sender(publish), subscription: None },
        peers: watch::channel(1).1,
    };
    (sockets, Client { shell, control, stdin, replies, publications, questions })
}

pub(crate) struct Sender(UnboundedSender<ZmqMessage>);

pub(crate) struct Receiver(UnboundedReceiver<ZmqMessage>);

pub(crate) struct Publisher {
    publish: Sender,
    subscription: Option<ZmqMessage>,
}

impl Publisher {
    /// Lets the kernel hear of its subscriber, which is then welcomed.
    pub fn with_subscription(self) -> Self {
        Self { subscription: Some(ZmqMessage::from(vec![1])), ..self }
    }
}

#[async_trait]
impl SocketSend for Sender {
    async fn send(&mut self, message: ZmqMessage) -> ZmqResult<()> {
        self.0.send(message).map_err(|_| ZmqError::Other("the other end is gone"))
    }
}

#[async_trait]
impl SocketRecv for Receiver {
    async fn recv(&mut self) -> ZmqResult<ZmqMessage> {
        match self.0.recv().await {
            Some(message) => Ok(message),
            None => std::future::pending().await, // as a socket without peers
        }
    }
}

#[async_trait]
impl SocketSend for Publisher {
    async fn send(&mut self, message: ZmqMessage) -> ZmqResult<()> {
        self.publish.send(message).await
    }
}

#[async_trait]
impl SocketRecv for Publisher {
    async fn recv(&mut self) -> ZmqResult<ZmqMessage> {
        match self.subscription.take() {
            Some(subscription) => Ok(subscription),
            None => std::future::pending().await,
        }
    }
}
