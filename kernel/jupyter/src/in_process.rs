use std::sync::Arc;

use async_trait::async_trait;
use tokio::{
    sync::mpsc::{self, UnboundedReceiver},
    task::JoinSet,
};
use uuid::Uuid;
use zeromq::{SocketRecv, ZmqError, ZmqMessage, ZmqResult};

use crate::{
    client::{Client, Received, Senders},
    frontend::Frontend,
    queues,
    request::Requests,
    session::Session,
    sockets::{Sockets, start},
};

/// Makes what [`bind()`](crate::bind()) makes, without sockets, and a client at its other end: a program that is
/// a kernel's frontend itself. The client's requests come from this `session`, by which a kernel knows a
/// frontend again; `None` comes from the receiver when the kernel has ended. To be called within a tokio runtime.
pub fn in_process(session: &str) -> (Requests, Frontend, Client, mpsc::Receiver<Received>) {
    let key = Uuid::new_v4().to_string();
    let (sockets, ends) = queues::pair();
    let sockets = Sockets { iopub: sockets.iopub.with_subscription(), ..sockets };
    let (requests, frontend) = start(Session::new(&key), sockets, JoinSet::new());
    let senders = Senders { shell: ends.shell, control: ends.control, stdin: ends.stdin };
    let receivers = [
        (Receiver(ends.replies), Received::Reply as fn(_) -> _),
        (Receiver(ends.publications), Received::Publication),
        (Receiver(ends.questions), Received::Question),
    ];
    let session = Session::new(&key).of_frontend(session);
    let (client, received) = Client::over(Arc::new(session), senders, receivers);
    (requests, frontend, client, received)
}

/// Ends with the kernel, unlike a socket.
struct Receiver(UnboundedReceiver<ZmqMessage>);

#[async_trait]
impl SocketRecv for Receiver {
    async fn recv(&mut self) -> ZmqResult<ZmqMessage> {
        self.0.recv().await.ok_or(ZmqError::Other("the kernel has ended"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        Channel,
        content::{ExecuteReply, Stream},
    };

    #[tokio::test]
    async fn a_client_hears_everything_until_the_kernel_ends() {
        let (mut requests, frontend, client, mut received) = in_process("notebook");
        let msg_id = client.send(Channel::Shell, "execute_request", &json!({"code": "1"}));
        let request = requests.shell.recv().await.unwrap();
        assert_eq!(request.header().session, "notebook");
        frontend.subscribed().await;

        frontend.publish(&request.parent(), &Stream::stdout("1")).await;
        frontend.reply(&request, &ExecuteReply::ok(1));
        frontend.close().await;
        drop((frontend, requests));
        let mut heard = Vec::new();
        while let Some(Received::Reply(message) | Received::Publication(message)) =
            received.recv().await
        {
            heard.push((message.header.msg_type.clone(), message.parent_msg_id()));
        }
        for msg_type in ["stream", "execute_reply"] {
            assert!(heard.contains(&(msg_type.to_owned(), Some(msg_id.clone()))), "{heard:?}");
        }
    }

    #[tokio::test]
    async fn a_frontend_that_comes_again_sends_other_messages() {
        let sent = |session| {
            let (_requests, _frontend, client, _received) = in_process(session);
            client.send(Channel::Shell, "kernel_info_request", &json!({}))
        };
        assert_ne!(sent("notebook"), sent("notebook"));
    }
}
