//! Passes the frontends' messages for comms on to the session, also while a cell runs. Each request is busy
//! until its handler has ended: a frontend that drags a slider sends its next value after that.

use std::{collections::BTreeMap, time::Duration};

use jupyter_wire::{
    ExecutionState, Frontend, Parent, Request,
    content::{CommClose, CommInfo, CommInfoReply, CommOpen},
};
use livy_client::{Id, Identity};
use serde::Deserialize;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{sleep, timeout},
};

use crate::{
    agent::{
        Agent, OpenComms,
        link::{
            Outgoing,
            frames::Packed,
            lanes::{Lanes, Ticket},
        },
    },
    cell::{
        comms::{Handled, unhandled::Unhandled},
        context::KernelContext,
    },
    display::sink::OutputSink,
    kind::Kind,
    platform::task,
    session::{State, handle::SessionHandle},
};

/// How long a message waits for a session that is being recovered.
const RECOVERY_LIMIT: Duration = Duration::from_secs(10);
/// Messages that one call delivers.
const BATCH: usize = 50;

/// The way of the frontends' messages to the session.
#[derive(Clone)]
pub struct CommRequests {
    context: KernelContext,
    frontend: Frontend,
    messages: UnboundedSender<Event>,
}

enum Event {
    Message(Incoming),
    /// The bytes of a large message are there, or are lost.
    Sent {
        comm: String,
        ticket: Ticket,
        message: Option<Addressed>,
    },
}

/// A message as it has come.
struct Incoming {
    request: Request,
    unhandled: Unhandled,
}

/// A message that is ready to be delivered.
struct Addressed {
    message: Outgoing,
    comm: String,
    incoming: Incoming,
    /// The number under which it is known as being handled.
    noted: Option<u64>,
}

/// The part of any message's content that tells the comm.
#[derive(Default, Deserialize)]
#[serde(default)]
struct OfComm {
    comm_id: String,
}

impl CommRequests {
    /// Begins to pass messages on.
    pub fn new(context: &KernelContext, frontend: Frontend) -> Self {
        let (messages, received) = unbounded_channel();
        let requests = Self { context: context.clone(), frontend, messages: messages.clone() };
        let sender = Sender {
            context: context.clone(),
            frontend: requests.frontend.clone(),
            events: messages.downgrade(),
            session: None,
            received: 0,
            lanes: Lanes::default(),
            ready: Vec::new(),
        };
        task::spawn_detached("it passed a comm's messages on", sender.run(received));
        requests
    }

    /// Takes a message of a frontend.
    pub fn take(&self, request: Request) {
        if self.is_for_local_python(&request) {
            let sink = OutputSink::new(self.frontend.clone(), request.parent(), 0, false);
            return self.context.local_python.pass_on(&request, sink);
        }
        self.frontend.status(&request.parent(), ExecutionState::Busy);
        let unhandled = self.context.comms.0.unhandled.add();
        // It fails only when the kernel ends.
        let _ = self.messages.send(Event::Message(Incoming { request, unhandled }));
    }

    /// Whether a message is for a comm of the Python of this machine. What a frontend opens is the session's
    /// unless that has no comms.
    fn is_for_local_python(&self, request: &Request) -> bool {
        let local = &self.context.local_python;
        let is_opened = request.msg_type() == "comm_open";
        let is_of_local = is_opened && !self.context.comms.are_used() && local.has_comms();
        request.content().is_ok_and(|OfComm { comm_id }| is_of_local || local.has_comm(&comm_id))
    }

    /// Whether there may be comms to list.
    pub fn are_used(&self) -> bool {
        self.context.comms.are_used() || self.context.local_python.has_comms()
    }

    /// Lists the open comms, of this target if one is given.
    pub async fn list(&self, target: Option<String>) -> CommInfoReply {
        let mut listed = match ready_agent(&self.context).await {
            Some((handle, agent)) if self.context.comms.are_used() => {
                self.ask(&handle, &agent).await
            }
            _ => BTreeMap::new(),
        };
        listed.extend(self.context.local_python.comms());
        let wanted = |name: &String| target.as_ref().is_none_or(|target| target == name);
        let comms = listed.into_iter().filter(|(_, target_name)| wanted(target_name));
        CommInfoReply {
            comms: comms.map(|(id, target_name)| (id, CommInfo { target_name })).collect(),
        }
    }

    async fn ask(&self, handle: &SessionHandle, agent: &Agent) -> BTreeMap<String, String> {
        let comms = &self.context.comms;
        let listed = agent.comms(comms.addressee()).await.unwrap_or_else(|error| {
            tracing::warn!("the open comms are not known: {error}");
            OpenComms::default()
        });
        for (statement, request) in listed.cells {
            self.take_over(handle, agent, &Id::from(statement), &request).await;
        }
        if !listed.comms.is_empty() {
            comms.note_open(true);
            self.context.threads.listen(agent, &self.frontend).await;
        }
        listed.comms
    }

    /// Shows what handlers give in a cell of the killed kernel in whose place this one runs.
    async fn take_over(&self, handle: &SessionHandle, agent: &Agent, cell: &Id, request: &str) {
        let parent = Parent::of_request(request);
        if !self.context.comms.note_cell(&handle.identity(), cell, parent.clone()) {
            return;
        }
        let sink = OutputSink::new(self.frontend.clone(), parent, 0, false);
        self.context.threads.add(handle.identity(), cell, sink, agent.position()).await;
    }

    /// Interrupts the handler of a message, if one runs.
    pub fn interrupt(&self) {
        let comms = self.context.comms.clone();
        let session = self.context.sessions.ready_session().filter(|_| comms.await_handlers());
        let Some(handle) = session else { return };
        task::spawn_detached("it interrupted a handler", async move {
            if let Some(agent) = handle.agent().await {
                let interrupted = agent.interrupt_handler(comms.addressee()).await;
                tracing::debug!("a handler is interrupted: {interrupted:?}");
            }
        });
    }
}

/// The session and its agent. After a crash, they are waited for.
async fn ready_agent(context: &KernelContext) -> Option<(SessionHandle, Agent)> {
    if context.kind != Kind::Pyspark {
        return None;
    }
    if context.comms.are_used() {
        let mut states = context.sessions.states();
        let settled = states.wait_for(|state| !matches!(state, State::Starting(_)));
        let _ = timeout(RECOVERY_LIMIT, settled).await;
    }
    let handle = context.sessions.ready_session()?;
    let agent = match context.comms.are_used() {
        true => handle.requested_agent().await,
        false => handle.agent().await,
    };
    Some((handle, agent?))
}

/// Delivers messages, one call after the other. The session numbers those that it has taken, so a call whose
/// answer is lost is made again.
struct Sender {
    context: KernelContext,
    frontend: Frontend,
    events: tokio::sync::mpsc::WeakUnboundedSender<Event>,
    /// The session that has taken the messages before.
    session: Option<Identity>,
    /// The number of the last message that it has taken.
    received: u64,
    lanes: Lanes<Addressed>,
    ready: Vec<Addressed>,
}

impl Sender {
    async fn run(mut self, mut events: UnboundedReceiver<Event>) {
        while let Some(event) = events.recv().await {
            self.sort(event).await;
            while let Ok(event) = events.try_recv() {
                self.sort(event).await;
            }
            self.deliver_all().await;
        }
    }

    /// Adds a message to those that can be delivered, after the others of its comm.
    async fn sort(&mut self, event: Event) {
        match event {
            Event::Sent { comm, ticket, message } => {
                self.ready.extend(self.lanes.arrive(&comm, ticket, message));
            }
            Event::Message(incoming) => match ready_agent(&self.context).await {
                Some((handle, agent)) => self.add(incoming, &handle, agent).await,
                None => self.refuse(&incoming.request),
            },
        }
    }

    async fn add(&mut self, incoming: Incoming, handle: &SessionHandle, agent: Agent) {
        self.follow(handle, &agent).await;
        let request = &incoming.request;
        let comm = request.content::<OfComm>().unwrap_or_default().comm_id;
        let message = request.message();
        let mut parts = vec![&message.content[..], &message.metadata[..]];
        parts.extend(message.buffers.iter().map(|buffer| &buffer[..]));
        let (packed, msg_type) = (Packed::of(&parts), request.msg_type().to_owned());
        if Outgoing::is_small(&packed) {
            let message = Outgoing::small(msg_type, &packed);
            let message = Addressed { message, comm: comm.clone(), incoming, noted: None };
            self.ready.extend(self.lanes.add(&comm, message));
        } else {
            self.send_large(agent, comm, incoming, msg_type, packed);
        }
    }

    /// Sends the bytes of a large message, beside other messages.
    fn send_large(
        &mut self,
        agent: Agent,
        comm: String,
        incoming: Incoming,
        msg_type: String,
        packed: Packed,
    ) {
        let Some(events) = self.events.upgrade() else { return };
        let (comms, ticket) = (self.context.comms.clone(), self.lanes.expect(&comm));
        let frontend = self.frontend.clone();
        task::spawn_detached("it sent a large message", async move {
            let sent =
                agent.send_large(comms.addressee(), &comms.0.credit, msg_type, &packed).await;
            let message = match sent {
                Ok(message) => {
                    Some(Addressed { message, comm: comm.clone(), incoming, noted: None })
                }
                Err(error) => {
                    tracing::warn!("a large message of a comm is lost: {error}");
                    frontend.status(&incoming.request.parent(), ExecutionState::Idle);
                    None
                }
            };
            // It fails only when the kernel ends.
            let _ = events.send(Event::Sent { comm, ticket, message });
        });
    }

    /// Asks a session that is new to this kernel what it has taken; what the one before it was to handle is over.
    async fn follow(&mut self, handle: &SessionHandle, agent: &Agent) {
        if self.session.as_ref().is_some_and(|session| *session == handle.identity()) {
            return;
        }
        let comms = self.context.comms.clone();
        self.forget_handled();
        match agent.deliver(comms.addressee(), &[]).await {
            Ok(received) => (self.received, self.session) = (received, Some(handle.identity())),
            Err(error) => tracing::debug!("the session does not take messages of comms: {error}"),
        }
    }

    /// What was being handled will not end; what was not taken is to be delivered under another number.
    fn forget_handled(&mut self) {
        let comms = &self.context.comms;
        for message in &mut self.ready {
            if let Some(number) = message.noted.take() {
                comms.state().handled.remove(&number);
            }
        }
        comms.give_up_handled(&self.frontend);
    }

    async fn deliver_all(&mut self) {
        while !self.ready.is_empty() {
            let taken = match ready_agent(&self.context).await {
                Some((_, agent)) => self.deliver(&agent).await,
                None => None,
            };
            if taken.is_none() {
                self.session = None;
                self.forget_handled();
                for message in std::mem::take(&mut self.ready) {
                    self.refuse(&message.incoming.request);
                }
            }
        }
    }

    /// Delivers the first messages; returns `None` if they cannot be delivered at all.
    async fn deliver(&mut self, agent: &Agent) -> Option<()> {
        let count = self.ready.len().min(BATCH);
        let messages = self.number(count);
        agent.expect_event();
        self.context.threads.listen(agent, &self.frontend).await;
        match agent.deliver(self.context.comms.addressee(), &messages).await {
            Ok(received) => {
                let taken = usize::try_from(received.saturating_sub(self.received)).unwrap_or(0);
                if received < self.received {
                    // Another agent is in its place, which handles none of what that one had taken.
                    self.forget_handled();
                } else if taken == 0 {
                    return None;
                }
                self.received = received;
                self.ready.drain(..taken.min(count));
                Some(())
            }
            Err(error) if error.is_temporary() => {
                sleep(error.retry_pause()).await;
                Some(())
            }
            Err(error) => {
                tracing::warn!("a message of a comm is not delivered: {error}");
                None
            }
        }
    }

    /// Numbers the first messages, and notes that they are being handled: that may end before the answer comes.
    fn number(&mut self, count: usize) -> Vec<Outgoing> {
        let comms = self.context.comms.clone();
        let mut state = comms.state();
        let mut messages = Vec::new();
        for (addressed, n) in self.ready.iter_mut().take(count).zip(self.received + 1..) {
            addressed.message.n = n;
            let Incoming { request, unhandled } = &addressed.incoming;
            let (parent, comm) = (request.parent(), addressed.comm.clone());
            let handled = Handled { parent, comm, _unhandled: unhandled.clone() };
            // It may have been handled since, though the answer was lost.
            if addressed.noted.replace(n) != Some(n) {
                state.handled.insert(n, handled);
            }
            messages.push(addressed.message.clone());
        }
        messages
    }

    /// Nobody has the comm. The protocol wants one that was not opened closed.
    fn refuse(&self, request: &Request) {
        let parent = request.parent();
        if request.msg_type() == "comm_open"
            && let Ok(CommOpen { comm_id, .. }) = request.content()
        {
            self.frontend.publish_now(&parent, &CommClose::new(comm_id));
        }
        self.frontend.status(&parent, ExecutionState::Idle);
    }
}
