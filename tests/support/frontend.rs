//! A frontend: it starts the kernel, speaks to it over its own sockets, and sorts what comes by
//! the request that caused it.

use std::{
    collections::HashMap,
    io::ErrorKind,
    panic::Location,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinSet};
use zeromq::{
    DealerRecvHalf, DealerSendHalf, DealerSocket, ReqSocket, Socket, SocketOptions, SocketRecv,
    SocketSend, SubSocket, ZmqError, ZmqMessage, util::PeerIdentity,
};

use super::{
    Channel, Done, Exchange, Message, PATIENCE, Wire,
    kernel::{Connection, Kernel},
    within,
};

/// A frontend and its kernel.
pub struct Frontend {
    pub kernel: Kernel,
    pub wire: Wire,
    connection: Connection,
    shell: DealerSendHalf,
    control: DealerSendHalf,
    inbox: Arc<Mutex<Inbox>>,
    readers: JoinSet<()>,
}

/// Where what comes is put.
#[derive(Default)]
struct Inbox {
    waiting: HashMap<String, Waiting>,
    everything: Vec<Message>,
}

struct Waiting {
    replies: mpsc::UnboundedSender<Message>,
    iopub: mpsc::UnboundedSender<Message>,
}

impl Frontend {
    /// Starts a kernel of this kind, and waits until its channels are open.
    pub async fn open(kind: &str, livy_url: &str) -> Self {
        Self::open_at(kind, livy_url, Connection::new("the key")).await
    }

    /// The same with given ports and key.
    pub async fn open_at(kind: &str, livy_url: &str, connection: Connection) -> Self {
        Self::meet(Kernel::start(kind, livy_url, &connection), connection).await
    }

    /// The same with further environment variables.
    pub async fn open_with(kind: &str, livy_url: &str, variables: &[(&str, &str)]) -> Self {
        let connection = Connection::new("the key");
        let kernel = Kernel::start_with(kind, livy_url, &connection, variables);
        Self::meet(kernel, connection).await
    }

    /// Waits until the channels of a kernel are open.
    pub async fn meet(kernel: Kernel, connection: Connection) -> Self {
        let (shell, shell_replies) = dealer(connection.shell).await.split();
        let (control, control_replies) = dealer(connection.control).await.split();
        let mut frontend = Self {
            kernel,
            wire: Wire::new(&connection.key),
            connection,
            shell,
            control,
            inbox: Arc::default(),
            readers: JoinSet::new(),
        };
        frontend.read(shell_replies, None);
        frontend.read(control_replies, None);
        frontend.subscribe_again().await;
        frontend
    }

    /// Connects to the kernel that was started in the place of one that was killed, to ask it only.
    pub async fn connect_again(&mut self) {
        self.readers = JoinSet::new();
        let (shell, shell_replies) = dealer(self.connection.shell).await.split();
        let (control, control_replies) = dealer(self.connection.control).await.split();
        (self.shell, self.control) = (shell, control);
        self.read(shell_replies, None);
        self.read(control_replies, None);
    }

    /// Listens to what it shows and asks.
    pub async fn subscribe_again(&mut self) {
        let stdin = dealer(self.connection.stdin).await;
        let iopub = subscribe(self.connection.iopub, "").await;
        let (first, welcome) = tokio::sync::oneshot::channel();
        self.read(stdin, None);
        self.read(iopub, Some(first));
        within(PATIENCE, Location::caller(), "the welcome", welcome).await.unwrap();
    }

    /// The same, with a session that takes cells.
    pub async fn ready(kind: &str, livy_url: &str) -> Self {
        let mut frontend = Self::open(kind, livy_url).await;
        frontend.run_with("echo ready", json!({"store_history": false})).await.is_ok();
        frontend
    }

    /// Sends a request.
    pub async fn send(&mut self, channel: Channel, msg_type: &str, content: Value) -> Exchange {
        self.send_text(channel, msg_type, &content.to_string()).await
    }

    /// Sends a request whose content is this text, JSON or not.
    pub async fn send_text(&mut self, channel: Channel, msg_type: &str, content: &str) -> Exchange {
        let (msg_id, frames) = self.wire.request(msg_type, content);
        let (replies, replies_received) = mpsc::unbounded_channel();
        let (iopub, iopub_received) = mpsc::unbounded_channel();
        self.inbox.lock().unwrap().waiting.insert(msg_id.clone(), Waiting { replies, iopub });
        self.send_frames(channel, frames).await;
        Exchange::new(msg_id, msg_type, replies_received, iopub_received)
    }

    /// Sends whatever it is.
    pub async fn send_frames(&mut self, channel: Channel, frames: Vec<Bytes>) {
        let socket = match channel {
            Channel::Shell => &mut self.shell,
            Channel::Control => &mut self.control,
        };
        socket.send(ZmqMessage::try_from(frames).unwrap()).await.unwrap();
    }

    /// Sends a request and waits until it has ended.
    #[track_caller]
    pub fn ask(
        &mut self,
        channel: Channel,
        msg_type: &str,
        content: Value,
    ) -> impl Future<Output = Done> {
        let at = Location::caller();
        async move { self.send(channel, msg_type, content).await.end_at(at).await }
    }

    /// Sends a cell.
    pub async fn execute(&mut self, code: &str) -> Exchange {
        self.execute_with(code, json!({})).await
    }

    /// Sends a cell with other options.
    pub async fn execute_with(&mut self, code: &str, options: Value) -> Exchange {
        let mut content = json!({"code": code, "silent": false, "store_history": true,
            "user_expressions": {}, "allow_stdin": false, "stop_on_error": true});
        for (name, value) in options.as_object().unwrap() {
            content[name] = value.clone();
        }
        self.send(Channel::Shell, "execute_request", content).await
    }

    /// Sends a cell and waits until it has ended.
    #[track_caller]
    pub fn run(&mut self, code: &str) -> impl Future<Output = Done> {
        let at = Location::caller();
        async move { self.execute(code).await.end_at(at).await }
    }

    /// The same with other options.
    #[track_caller]
    pub fn run_with(&mut self, code: &str, options: Value) -> impl Future<Output = Done> {
        let at = Location::caller();
        async move { self.execute_with(code, options).await.end_at(at).await }
    }

    /// Interrupts, and waits until the kernel has said yes, which it does at once.
    #[track_caller]
    pub fn interrupt(&mut self) -> impl Future<Output = ()> {
        let at = Location::caller();
        async move {
            let mut request = self.send(Channel::Control, "interrupt_request", json!({})).await;
            let limit = Duration::from_secs(1);
            let reply = request.reply_at(limit, at).await;
            assert_eq!(reply.content["status"], "ok", "{at}");
        }
    }

    /// Asks everything that there is to ask, but runs nothing.
    pub async fn ask_all_but_cells(&mut self) {
        let requests = [
            ("kernel_info_request", json!({})),
            ("is_complete_request", json!({"code": "1"})),
            ("history_request", json!({"hist_access_type": "tail", "n": 5})),
            ("inspect_request", json!({"code": "x", "cursor_pos": 1, "detail_level": 0})),
            ("complete_request", json!({"code": "x", "cursor_pos": 1})),
            ("comm_info_request", json!({})),
            ("interrupt_request", json!({})),
        ];
        for channel in Channel::BOTH {
            for (msg_type, content) in &requests {
                self.ask(channel, msg_type, content.clone()).await;
            }
        }
    }

    /// Everything that has come, on every channel.
    pub fn everything(&self) -> Vec<Message> {
        self.inbox.lock().unwrap().everything.clone()
    }

    /// What another subscriber gets from now on.
    pub async fn subscribe(&mut self, topic: &str) -> mpsc::UnboundedReceiver<Message> {
        let mut socket = subscribe(self.connection.iopub, topic).await;
        let (wire, (received, messages)) = (self.wire.clone(), mpsc::unbounded_channel());
        self.readers.spawn(async move {
            while let Ok(message) = socket.recv().await {
                let _ = received.send(wire.read(message.into_vec()));
            }
        });
        messages
    }

    /// How many bytes these messages had on the wire.
    pub fn bytes_of(&self, msg_type: &str) -> usize {
        let everything = self.everything();
        everything.iter().filter(|message| message.msg_type() == msg_type).map(|m| m.bytes).sum()
    }

    /// Whether the kernel's heart beats.
    #[track_caller]
    pub fn beats(&self) -> impl Future<Output = ()> + use<> {
        let (at, port) = (Location::caller(), self.connection.heartbeat);
        within_beat(at, port)
    }

    fn read(
        &mut self,
        mut socket: impl SocketRecv + Send + 'static,
        mut first: Option<tokio::sync::oneshot::Sender<()>>,
    ) {
        let (wire, inbox) = (self.wire.clone(), Arc::clone(&self.inbox));
        self.readers.spawn(async move {
            while let Ok(message) = socket.recv().await {
                inbox.lock().unwrap().put(wire.read(message.into_vec()));
                first.take().map(|first| first.send(()));
            }
        });
    }
}

impl Inbox {
    fn put(&mut self, message: Message) {
        self.everything.push(message.clone());
        let parent = message.parent_header["msg_id"].as_str().unwrap_or_default();
        let Some(waiting) = self.waiting.get(parent) else { return };
        let channel = match message.msg_type().ends_with("_reply") {
            true => &waiting.replies,
            false => &waiting.iopub,
        };
        // A test that has seen enough does not listen any more.
        let _ = channel.send(message);
    }
}

async fn within_beat(at: &'static Location<'static>, port: u16) {
    let beat = async {
        let mut socket = ReqSocket::new();
        socket.connect(&endpoint(port)).await.unwrap();
        socket.send("ping".into()).await.unwrap();
        socket.recv().await.unwrap().into_vec()
    };
    assert_eq!(within(PATIENCE, at, "the heartbeat", beat).await, ["ping"]);
}

fn endpoint(port: u16) -> String {
    format!("tcp://127.0.0.1:{port}")
}

async fn dealer(port: u16) -> DealerSocket {
    let mut options = SocketOptions::default();
    options.peer_identity("frontend".parse::<PeerIdentity>().unwrap());
    let mut socket = DealerSocket::with_options(options);
    within(PATIENCE, Location::caller(), "a channel", connect(&mut socket, port)).await;
    socket
}

/// Connects again after a reset, as libzmq does by itself.
async fn connect(socket: &mut impl Socket, port: u16) {
    while let Err(error) = socket.connect(&endpoint(port)).await {
        let is_reset =
            matches!(&error, ZmqError::Network(why) if why.kind() == ErrorKind::ConnectionReset);
        assert!(is_reset, "{error}");
    }
}

async fn subscribe(port: u16, topic: &str) -> SubSocket {
    let mut socket = SubSocket::new();
    within(PATIENCE, Location::caller(), "iopub", socket.connect(&endpoint(port))).await.unwrap();
    socket.subscribe(topic).await.unwrap();
    socket
}
