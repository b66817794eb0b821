use std::sync::Arc;

use serde::Serialize;
use thiserror::Error;
use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    task::JoinSet,
};
use tracing::{debug, error};
use zeromq::{
    DealerSocket, Socket, SocketOptions, SocketRecv, SocketSend, SubSocket, ZmqError, ZmqMessage,
    util::PeerIdentity,
};

use crate::{
    connection::ConnectionInfo,
    content::InputReply,
    message::{Message, Parent, RawMessage},
    request::Channel,
    session::{Packed, Session},
    tasks::Tasks,
};

/// How many messages may wait for the client to read them, before the kernel's sockets fill up.
const QUEUE_LENGTH: usize = 64;

/// A client of another kernel. Cheap to clone; its sockets close with the last clone.
#[derive(Clone)]
pub struct Client {
    session: Arc<Session>,
    shell: UnboundedSender<ZmqMessage>,
    control: UnboundedSender<ZmqMessage>,
    stdin: UnboundedSender<ZmqMessage>,
    _tasks: Arc<Tasks>,
}

/// What a kernel sends to its client.
#[derive(Debug)]
pub enum Received {
    /// A reply, from shell or control.
    Reply(Message),
    /// A message that the kernel publishes to all its clients (iopub).
    Publication(Message),
    /// An `input_request`.
    Question(Message),
}

/// The ways to a kernel's channels.
pub(crate) struct Senders {
    pub shell: UnboundedSender<ZmqMessage>,
    pub control: UnboundedSender<ZmqMessage>,
    pub stdin: UnboundedSender<ZmqMessage>,
}

/// Says why a kernel's sockets cannot be reached.
#[derive(Debug, Error)]
#[error("the kernel's sockets cannot be reached: {0}")]
pub struct ConnectError(#[from] ZmqError);

impl Client {
    /// Connects to a kernel that listens where the connection file says, and waits for as long as it does
    /// not yet. What it sends is received in order on each channel; `None` comes when no channel is left.
    ///
    /// # Errors
    ///
    /// Fails if an address cannot be reached, or what answers there speaks no ZeroMQ.
    pub async fn connect(
        info: &ConnectionInfo,
    ) -> Result<(Self, mpsc::Receiver<Received>), ConnectError> {
        let session = Arc::new(Session::new(&info.key));
        let (arrived, received) = mpsc::channel(QUEUE_LENGTH);
        let mut tasks = JoinSet::new();
        let mut open = async |port, wrap: fn(Message) -> Received| {
            let (send, receive) = dealer(&info.endpoint(port), &session.id).await?.split();
            let (sender, outgoing) = mpsc::unbounded_channel();
            tasks.spawn(send_all(send, outgoing));
            tasks.spawn(receive_all(receive, Arc::clone(&session), arrived.clone(), wrap));
            Ok::<_, ZmqError>(sender)
        };
        let shell = open(info.shell_port, Received::Reply).await?;
        let control = open(info.control_port, Received::Reply).await?;
        let stdin = open(info.stdin_port, Received::Question).await?;
        let mut iopub = SubSocket::new();
        iopub.subscribe("").await?;
        iopub.connect(&info.endpoint(info.iopub_port)).await?;
        tasks.spawn(receive_all(iopub, Arc::clone(&session), arrived, Received::Publication));
        let client = Self { session, shell, control, stdin, _tasks: Arc::new(Tasks::watch(tasks)) };
        Ok((client, received))
    }

    /// A client of a kernel that these ways lead to, which receives what comes from there.
    pub(crate) fn over<S: SocketRecv + Send + 'static>(
        session: Arc<Session>,
        Senders { shell, control, stdin }: Senders,
        receivers: impl IntoIterator<Item = (S, fn(Message) -> Received)>,
    ) -> (Self, mpsc::Receiver<Received>) {
        let (arrived, received) = mpsc::channel(QUEUE_LENGTH);
        let mut tasks = JoinSet::new();
        for (socket, wrap) in receivers {
            tasks.spawn(receive_all(socket, Arc::clone(&session), arrived.clone(), wrap));
        }
        let tasks = Arc::new(Tasks::watch(tasks));
        (Self { session, shell, control, stdin, _tasks: tasks }, received)
    }

    /// Sends a request. Returns its `msg_id`, by which replies and publications name their parent.
    pub fn send(&self, channel: Channel, msg_type: &str, content: &impl Serialize) -> String {
        self.send_packed(channel, self.session.pack(Vec::new(), msg_type, &Parent::none(), content))
    }

    /// Sends a request as it is, under a header of its own. Returns its `msg_id`.
    pub fn send_raw(&self, channel: Channel, raw: RawMessage) -> String {
        self.send_packed(channel, self.session.pack_raw(Vec::new(), &Parent::none(), raw))
    }

    fn send_packed(&self, channel: Channel, packed: Result<Packed, serde_json::Error>) -> String {
        let socket = match channel {
            Channel::Shell => &self.shell,
            Channel::Control => &self.control,
        };
        match packed {
            Ok(packed) => {
                let msg_id = packed.msg_id.clone();
                send(socket, packed);
                msg_id
            }
            Err(error) => {
                error!("a request could not be written as JSON: {error}");
                String::new()
            }
        }
    }

    /// Answers an `input_request`.
    pub fn answer(&self, question: &Message, value: String) {
        let parent = Parent::from(&question.header);
        match self.session.pack(Vec::new(), "input_reply", &parent, &InputReply { value }) {
            Ok(packed) => send(&self.stdin, packed),
            Err(error) => error!("an answer could not be written as JSON: {error}"),
        }
    }
}

/// The same identity on all channels lets the kernel send its questions to who sent the request.
async fn dealer(endpoint: &str, identity: &str) -> Result<DealerSocket, ZmqError> {
    let mut options = SocketOptions::default();
    options.peer_identity(PeerIdentity::try_from(identity.as_bytes())?);
    let mut socket = DealerSocket::with_options(options);
    socket.connect(endpoint).await?;
    Ok(socket)
}

fn send(socket: &UnboundedSender<ZmqMessage>, packed: Packed) {
    match ZmqMessage::try_from(packed.frames) {
        // It fails when the kernel is gone, which the receiving end tells.
        Ok(message) => drop(socket.send(message)),
        Err(error) => error!("a message has no frames: {error}"),
    }
}

async fn send_all(mut socket: impl SocketSend, mut outgoing: UnboundedReceiver<ZmqMessage>) {
    while let Some(message) = outgoing.recv().await {
        if let Err(error) = socket.send(message).await {
            debug!("a kernel can no longer be sent to: {error}");
            return;
        }
    }
}

async fn receive_all(
    mut socket: impl SocketRecv,
    session: Arc<Session>,
    arrived: mpsc::Sender<Received>,
    wrap: fn(Message) -> Received,
) {
    loop {
        let frames = match socket.recv().await {
            Ok(message) => message.into_vec(),
            Err(error) => return debug!("a kernel can no longer be heard: {error}"),
        };
        match session.unpack(&frames) {
            Ok((_, message)) => {
                if arrived.send(wrap(message)).await.is_err() {
                    return;
                }
            }
            Err(refused) => debug!("a message is dropped: {refused}"),
        }
    }
}
