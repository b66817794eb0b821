use std::{future::Future, panic::Location, time::Duration};

use bytes::Bytes;
use serde::Serialize;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender},
    task::JoinSet,
};
use zeromq::ZmqMessage;

use crate::{
    content::InputReply,
    frontend::Frontend,
    message::{Message, Parent},
    queues::{self, Client as Ends},
    request::{Channel, Requests},
    session::Session,
    sockets::start,
};

/// How long a [`MemoryClient`] waits for a message before it panics.
const RECEIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes what [`bind()`](crate::bind()) makes, without sockets, and a frontend at its other end. The same
/// tasks run on the same signed frames, so a kernel can be tested in memory. To be called within a
/// tokio runtime.
pub fn memory() -> (Requests, Frontend, MemoryClient) {
    let key = "a key that both ends know";
    let (sockets, ends) = queues::pair();
    let (requests, frontend) = start(Session::new(key), sockets, JoinSet::new());
    let session = Session::new(key);
    let Ends { shell, control, stdin, replies, publications, questions } = ends;
    let client = MemoryClient { session, shell, control, stdin, replies, publications, questions };
    (requests, frontend, client)
}

/// A frontend for tests. It is subscribed to everything from the start, so it receives no
/// `iopub_welcome`. The functions that wait panic, naming the caller's line, when nothing arrives
/// within ten seconds.
pub struct MemoryClient {
    session: Session,
    shell: UnboundedSender<ZmqMessage>,
    control: UnboundedSender<ZmqMessage>,
    stdin: UnboundedSender<ZmqMessage>,
    replies: UnboundedReceiver<ZmqMessage>,
    publications: UnboundedReceiver<ZmqMessage>,
    questions: UnboundedReceiver<ZmqMessage>,
}

impl MemoryClient {
    /// Sends a request and returns its `msg_id`, by which replies and outputs name their parent.
    #[track_caller]
    pub fn send(&self, channel: Channel, msg_type: &str, content: impl Serialize) -> String {
        let socket = match channel {
            Channel::Shell => &self.shell,
            Channel::Control => &self.control,
        };
        self.send_to(socket, msg_type, &Parent::none(), &content)
    }

    /// Answers an `input_request` as JupyterLab does, which names it as the parent.
    #[track_caller]
    pub fn answer_input(&self, input_request: &Message, value: &str) {
        let parent = Parent::from(&input_request.header);
        self.send_to(&self.stdin, "input_reply", &parent, &InputReply { value: value.to_owned() });
    }

    /// Receives the next reply, from shell or control.
    #[track_caller]
    pub fn recv_reply(&mut self) -> impl Future<Output = Message> {
        recv("a reply", &self.session, &mut self.replies)
    }

    /// Receives the next iopub message.
    #[track_caller]
    pub fn recv_iopub(&mut self) -> impl Future<Output = Message> {
        recv("an iopub message", &self.session, &mut self.publications)
    }

    /// Receives the next `input_request`.
    #[track_caller]
    pub fn recv_input_request(&mut self) -> impl Future<Output = Message> {
        recv("an input_request", &self.session, &mut self.questions)
    }

    /// Returns the next reply, if one has arrived.
    #[track_caller]
    pub fn try_recv_reply(&mut self) -> Option<Message> {
        self.replies.try_recv().ok().map(|message| unpack(&self.session, message))
    }

    /// Returns the next iopub message, if one has arrived.
    #[track_caller]
    pub fn try_recv_iopub(&mut self) -> Option<Message> {
        self.publications.try_recv().ok().map(|message| unpack(&self.session, message))
    }

    /// Returns the next `input_request`, if one has arrived.
    #[track_caller]
    pub fn try_recv_input_request(&mut self) -> Option<Message> {
        self.questions.try_recv().ok().map(|message| unpack(&self.session, message))
    }

    #[track_caller]
    fn send_to(
        &self,
        socket: &UnboundedSender<ZmqMessage>,
        msg_type: &str,
        parent: &Parent,
        content: &impl Serialize,
    ) -> String {
        let identities = vec![Bytes::from_static(b"client")];
        let packed = self.session.pack(identities, msg_type, parent, content);
        let packed = packed.expect("the content can be written as JSON");
        let message = ZmqMessage::try_from(packed.frames).expect("a message has frames");
        socket.send(message).expect("the kernel still listens");
        packed.msg_id
    }
}

#[track_caller]
fn recv<'a>(
    what: &'static str,
    session: &'a Session,
    socket: &'a mut UnboundedReceiver<ZmqMessage>,
) -> impl Future<Output = Message> + use<'a> {
    // An async function would not know who called it.
    let caller = Location::caller();
    async move {
        match tokio::time::timeout(RECEIVE_TIMEOUT, socket.recv()).await {
            Ok(Some(message)) => unpack(session, message),
            Ok(None) => panic!("{caller}: waited for {what}, but the kernel is gone"),
            Err(_) => panic!("{caller}: waited {RECEIVE_TIMEOUT:?} for {what}"),
        }
    }
}

#[track_caller]
fn unpack(session: &Session, message: ZmqMessage) -> Message {
    let (_, message) =
        session.unpack(&message.into_vec()).expect("the kernel sends whole messages");
    message
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        ExecutionState, RawMessage,
        content::{ExecuteReply, Stream},
    };

    #[tokio::test]
    async fn a_request_is_answered_and_its_outputs_keep_their_order() {
        let (mut requests, frontend, mut client) = memory();
        let msg_id = client.send(Channel::Shell, "execute_request", json!({"code": "1"}));
        let request = requests.shell.recv().await.unwrap();
        assert_eq!(request.msg_type(), "execute_request");

        frontend.status(&request.parent(), ExecutionState::Busy);
        frontend.publish(&request.parent(), &Stream::stdout("1")).await;
        frontend.status(&request.parent(), ExecutionState::Idle);
        frontend.flush().await;
        frontend.reply(&request, &ExecuteReply::ok(1));

        let types = [(); 3].map(|()| client.try_recv_iopub().unwrap().header.msg_type);
        assert_eq!(types, ["status", "stream", "status"]);
        assert!(client.try_recv_iopub().is_none());
        let reply = client.recv_reply().await;
        assert_eq!(reply.msg_type(), "execute_reply");
        assert_eq!(reply.parent_msg_id(), Some(msg_id));
    }

    #[tokio::test]
    async fn copies_end_with_the_frontend_that_makes_them() {
        let (_requests, frontend, _client) = memory();
        let (copying, mut copies) = frontend.with_copies();
        let later = copying.without_copies();
        copying.publish(&Parent::none(), &Stream::stdout("1")).await;
        drop(copying);
        later.publish(&Parent::none(), &Stream::stdout("2")).await;
        assert_eq!(copies.recv().await.unwrap().content["text"], "1");
        assert!(copies.recv().await.is_none());
    }

    #[tokio::test]
    async fn a_message_is_passed_on_as_it_is() {
        let (_requests, frontend, mut client) = memory();
        let [metadata, content] =
            [r#"{"a": 1}"#, r#"{ "n": 1.50 }"#].map(|text| text.as_bytes().to_vec());
        let buffers = vec![b"\xff\0".to_vec(), Vec::new()];
        let raw = RawMessage { msg_type: "comm_msg".to_owned(), metadata, content, buffers };
        frontend.publish_raw(&Parent::none(), raw).await;
        let message = client.recv_iopub().await;
        assert_eq!(message.msg_type(), "comm_msg");
        assert_eq!(
            (&message.metadata[..], &message.content[..]),
            (&br#"{"a": 1}"#[..], &br#"{ "n": 1.50 }"#[..])
        );
        assert_eq!(message.buffers, [&b"\xff\0"[..], b""]);
    }

    #[tokio::test]
    async fn any_request_can_be_answered_with_an_error() {
        let (mut requests, frontend, mut client) = memory();
        client.send(Channel::Control, "shutdown_request", json!([]));
        let request = requests.control.recv().await.unwrap();
        frontend.error_reply(&request, "ValueError", "no object");
        let reply = client.recv_reply().await;
        assert_eq!(reply.msg_type(), "shutdown_reply");
        assert_eq!(reply.content::<Value>().unwrap()["evalue"], "no object");
    }

    #[tokio::test]
    async fn an_interrupted_question_leaves_room_for_the_next() {
        let (mut requests, frontend, mut client) = memory();
        client.send(Channel::Shell, "execute_request", json!({}));
        let request = requests.shell.recv().await.unwrap();

        let interrupted = tokio::time::timeout(
            Duration::from_millis(20),
            frontend.input(&request, "first? ", false),
        );
        assert!(interrupted.await.is_err());
        let first = client.recv_input_request().await;

        let second = tokio::spawn(async move { frontend.input(&request, "second? ", true).await });
        let question = client.recv_input_request().await;
        assert_eq!(
            question.content::<Value>().unwrap(),
            json!({"prompt": "second? ", "password": true})
        );
        client.answer_input(&first, "too late");
        client.answer_input(&question, "yes");
        assert_eq!(second.await.unwrap().as_deref(), Some("yes"));
    }

    #[tokio::test]
    async fn a_reply_that_came_before_the_question_does_not_answer_it() {
        let (mut requests, frontend, mut client) = memory();
        client.send(Channel::Shell, "execute_request", json!({}));
        let request = requests.shell.recv().await.unwrap();
        for _ in 0..20 {
            let early = json!({"value": "early"});
            client.send_to(&client.stdin, "input_reply", &Parent::none(), &early);
            let answer = async {
                let question = client.recv_input_request().await;
                client.answer_input(&question, "late");
            };
            let (answered, ()) = tokio::join!(frontend.input(&request, "? ", false), answer);
            assert_eq!(answered.as_deref(), Some("late"));
        }
    }

    #[tokio::test]
    async fn the_requests_end_with_the_last_handle() {
        let (mut requests, frontend, _client) = memory();
        drop(frontend.clone());
        assert!(requests.shell.try_recv().is_err_and(|error| error.to_string().contains("empty")));
        drop(frontend);
        assert!(requests.shell.recv().await.is_none());
    }
}
