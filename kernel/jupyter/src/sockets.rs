//! Gives each socket the task that owns it.

use std::sync::Arc;

use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use zeromq::{SocketRecv, SocketSend};

use crate::{
    channel::{
        iopub::{Publisher, Signals},
        requests, stdin,
    },
    frontend::{Frontend, Queues},
    outbox::{Outbox, QUEUE_LIMIT_BYTES},
    request::{Channel, Request, Requests},
    session::Session,
    tasks::Tasks,
};

/// How many requests may wait to be taken; more wait in the socket.
const REQUEST_QUEUE_LENGTH: usize = 64;

/// The sockets that carry messages. Those that both send and receive come in halves.
pub(crate) struct Sockets<Send, Receive, Publish> {
    pub shell: (Send, Receive),
    pub control: (Send, Receive),
    pub stdin: (Send, Receive),
    pub iopub: Publish,
    /// How many peers the iopub socket has.
    pub peers: watch::Receiver<usize>,
}

/// Starts the tasks. `tasks` may already hold others that must end with them.
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
    let (shell, shell_requests) =
        start_requests(&mut tasks, &session, Channel::Shell, sockets.shell);
    let (control, control_requests) =
        start_requests(&mut tasks, &session, Channel::Control, sockets.control);

    let (iopub, outgoing) = Outbox::new(QUEUE_LIMIT_BYTES);
    let (signals, subscribed, delivered) = Signals::new();
    let publisher = Publisher::new(sockets.iopub, Arc::clone(&session), sockets.peers, signals);
    tasks.spawn(publisher.run(outgoing));

    let (stdin, questions) = mpsc::unbounded_channel();
    let (sender, receiver) = sockets.stdin;
    tasks.spawn(stdin::run(receiver, sender, Arc::clone(&session), questions));

    let tasks = Tasks::watch(tasks);
    let queues = Queues { session, shell, control, iopub, stdin, subscribed, delivered, tasks };
    let requests = Requests { shell: shell_requests, control: control_requests };
    (requests, Frontend::new(queues))
}

/// Starts the two tasks of shell or control.
fn start_requests(
    tasks: &mut JoinSet<()>,
    session: &Arc<Session>,
    channel: Channel,
    (sender, receiver): (impl SocketSend + Send + 'static, impl SocketRecv + Send + 'static),
) -> (Outbox, mpsc::Receiver<Request>) {
    let (outbox, outgoing) = Outbox::new(QUEUE_LIMIT_BYTES);
    let (arrived, requests) = mpsc::channel(REQUEST_QUEUE_LENGTH);
    tasks.spawn(requests::receive_requests(channel, receiver, Arc::clone(session), arrived));
    tasks.spawn(requests::send_replies(channel, sender, outgoing));
    (outbox, requests)
}

#[cfg(test)]
mod tests {
    use std::{future::pending, time::Duration};

    use async_trait::async_trait;
    use tokio::time::timeout;
    use zeromq::{ZmqMessage, ZmqResult};

    use super::*;
    use crate::{content::ExecutionState, message::Parent};

    /// A socket that receives nothing, and that breaks its task when it is to send.
    struct Broken;

    #[async_trait]
    impl SocketSend for Broken {
        async fn send(&mut self, _message: ZmqMessage) -> ZmqResult<()> {
            panic!("a test of panics")
        }
    }

    #[async_trait]
    impl SocketRecv for Broken {
        async fn recv(&mut self) -> ZmqResult<ZmqMessage> {
            pending().await
        }
    }

    #[tokio::test]
    async fn a_channel_that_dies_is_reported_and_holds_nobody_up() {
        let pair = || (Broken, Broken);
        let (shell, control, stdin) = (pair(), pair(), pair());
        let peers = watch::channel(1).1;
        let sockets = Sockets { shell, control, stdin, iopub: Broken, peers };
        let (_requests, frontend) = start(Session::new("key"), sockets, JoinSet::new());
        let soon = Duration::from_millis(50);
        timeout(soon, frontend.channel_died()).await.expect_err("all is well");
        frontend.status(&Parent::none(), ExecutionState::Idle);
        timeout(Duration::from_secs(5), frontend.channel_died()).await.unwrap();
        timeout(Duration::from_secs(5), frontend.flush()).await.unwrap();
    }
}
