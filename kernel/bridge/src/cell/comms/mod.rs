//! The comms of a kernel's notebook, such as widgets, with what has made them in the session: what the
//! session sends goes to the frontends, and theirs to the session.

mod requests;
mod unhandled;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jupyter_wire::{ExecutionState, Frontend, Parent, RawMessage};
use livy_client::{Id, Identity};
use tokio::{sync::watch, time::timeout};
use uuid::Uuid;

use crate::{
    agent::{
        Addressee, Agent, CommMessage, Event, EventKind,
        link::{
            Credit,
            lanes::{Lanes, Ticket},
        },
    },
    cell::comms::unhandled::{Unhandled, UnhandledMessages},
    platform::task,
    session::handle::lock,
};

pub use requests::CommRequests;
pub use unhandled::Place;

/// Cells whose requests are remembered, as the parents of what their comms send later.
const CELLS_LIMIT: usize = 10_000;
/// How long a cell waits at its end for large messages that are on their way.
const SETTLE_LIMIT: Duration = Duration::from_secs(60);

/// The comms of a kernel; clones share them.
#[derive(Clone)]
pub struct Comms(Arc<Shared>);

struct Shared {
    addressee: Addressee,
    credit: Credit,
    /// Whether there may be comms at all: without, nothing is asked about them.
    used: AtomicBool,
    /// Whether there are comms now.
    open: AtomicBool,
    state: Mutex<State>,
    unhandled: UnhandledMessages,
    /// Large messages for the frontends that are on their way.
    coming: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    /// The session of the cells.
    session: Option<Identity>,
    /// The requests of the newest cells, by their statements.
    cells: HashMap<Id, Parent>,
    newest_cells: VecDeque<Id>,
    /// The messages of frontends that are being handled, by their numbers.
    handled: BTreeMap<u64, Handled>,
    lanes: Lanes<Published>,
    /// The user has read why widgets of this session are only text.
    is_explained: bool,
}

/// A message of a frontend that is being handled.
struct Handled {
    parent: Parent,
    comm: String,
    _unhandled: Unhandled,
}

/// What is published in the order of a comm's messages.
enum Published {
    Message(Parent, RawMessage),
    /// A message of a frontend has been handled.
    Idle(Parent),
}

impl Comms {
    /// The comms of the kernel with this name, which is the same after a crash.
    pub fn of_kernel(kernel: String) -> Self {
        let process = Uuid::new_v4().simple().to_string();
        Self(Arc::new(Shared {
            addressee: Addressee { kernel, process },
            credit: Credit::default(),
            used: AtomicBool::new(false),
            open: AtomicBool::new(false),
            state: Mutex::default(),
            unhandled: UnhandledMessages::default(),
            coming: watch::Sender::new(0),
        }))
    }

    /// The kernel and its process, as the session's agent knows them.
    pub fn addressee(&self) -> &Addressee {
        &self.0.addressee
    }

    /// Notes that there may be comms.
    pub fn note_use(&self) {
        self.0.used.store(true, Ordering::Relaxed);
    }

    /// Whether there may be comms.
    pub fn are_used(&self) -> bool {
        self.0.used.load(Ordering::Relaxed)
    }

    /// Notes whether there are comms now.
    pub fn note_open(&self, open: bool) {
        self.0.open.store(open, Ordering::Relaxed);
    }

    /// Whether the session may send a message, now or later.
    pub fn may_send(&self) -> bool {
        self.0.open.load(Ordering::Relaxed) || self.await_handlers()
    }

    /// Whether messages of frontends are being handled.
    pub fn await_handlers(&self) -> bool {
        !self.state().handled.is_empty()
    }

    /// The place of a cell that comes now among the frontends' messages.
    pub fn place_of_cell(&self) -> Place {
        self.0.unhandled.end()
    }

    /// Waits until the frontends' messages before a cell have been handled.
    pub async fn handled_before(&self, cell: Place) {
        self.0.unhandled.handled_before(cell).await;
    }

    /// Ends what is being handled, since its end will not be heard.
    pub fn give_up_handled(&self, frontend: &Frontend) {
        let over = std::mem::take(&mut self.state().handled);
        for handled in over.into_values() {
            frontend.status(&handled.parent, ExecutionState::Idle);
        }
    }

    /// Notes the request of a cell of this session's, unless it is known.
    pub fn note_cell(&self, session: &Identity, statement: &Id, parent: Parent) -> bool {
        let mut state = self.state();
        if state.session.as_ref() != Some(session) {
            state.session = Some(session.clone());
            state.cells.clear();
            state.newest_cells.clear();
            state.is_explained = false;
        }
        if state.cells.contains_key(statement) {
            return false;
        }
        state.cells.insert(statement.clone(), parent);
        state.newest_cells.push_back(statement.clone());
        if state.newest_cells.len() > CELLS_LIMIT
            && let Some(oldest) = state.newest_cells.pop_front()
        {
            state.cells.remove(&oldest);
        }
        true
    }

    /// Whether the user is still to read why widgets of this session are only text; true at most once.
    pub fn take_unexplained(&self) -> bool {
        !std::mem::replace(&mut self.state().is_explained, true)
    }

    /// Publishes an event that is about comms, unless that was done before.
    pub async fn hear(&self, frontend: &Frontend, agent: &Agent, event: Event) {
        if !agent.is_first_to_hear(event.n) {
            return;
        }
        match event.kind {
            EventKind::Comm(message) => {
                self.forward(frontend, agent, message, event.statement.as_deref()).await;
            }
            EventKind::Handled { request } => self.end_request(frontend, request).await,
            _ => {}
        }
    }

    /// Publishes a message that code of this statement has sent, after those of its comm that came before.
    async fn forward(
        &self,
        frontend: &Frontend,
        agent: &Agent,
        message: CommMessage,
        statement: Option<&str>,
    ) {
        let Some(parent) = self.parent(message.request, statement) else {
            return tracing::debug!(
                "a message of a comm is left out: no cell of this kernel has sent it"
            );
        };
        self.note_use();
        // Others may name the comm that is opened, so they wait for it.
        if message.blob.is_none() || message.msg_type == "comm_open" {
            let comm = message.comm.clone();
            if let Some(raw) = self.fetch(agent, message).await {
                self.publish(frontend, &comm, Published::Message(parent, raw)).await;
            }
            return;
        }
        let (comms, frontend, agent) = (self.clone(), frontend.clone(), agent.clone());
        let (comm, ticket) = self.expect(&message.comm);
        task::spawn_detached("it fetched a large message", async move {
            let raw = comms.fetch(&agent, message).await;
            comms
                .arrive(&frontend, &comm, ticket, raw.map(|raw| Published::Message(parent, raw)))
                .await;
        });
    }

    /// Notes that a message of a frontend has been handled: its request is idle.
    async fn end_request(&self, frontend: &Frontend, number: u64) {
        let handled = self.state().handled.remove(&number);
        if let Some(Handled { parent, comm, .. }) = handled {
            self.publish(frontend, &comm, Published::Idle(parent)).await;
        }
    }

    /// Returns once the large messages that were announced have been published, but not too late.
    pub async fn settle(&self) {
        let mut coming = self.0.coming.subscribe();
        let _ = timeout(SETTLE_LIMIT, coming.wait_for(|count| *count == 0)).await;
    }

    /// The request that a message answers. Nobody else who uses the session may send to this notebook.
    fn parent(&self, request: Option<u64>, statement: Option<&str>) -> Option<Parent> {
        let state = self.state();
        let handled = request.and_then(|number| state.handled.get(&number));
        let of_cell = || state.cells.get(&Id::from(statement?.to_owned()));
        handled.map(|handled| &handled.parent).or_else(of_cell).cloned()
    }

    async fn fetch(&self, agent: &Agent, message: CommMessage) -> Option<RawMessage> {
        let msg_type = message.msg_type.clone();
        match agent.fetch(self.addressee(), &self.0.credit, message).await {
            Ok(parts) => {
                let mut parts = parts?.into_iter();
                let (content, metadata) = (parts.next()?, parts.next()?);
                Some(RawMessage { msg_type, metadata, content, buffers: parts.collect() })
            }
            Err(error) => {
                tracing::warn!("a message of a comm is lost: {error}");
                None
            }
        }
    }

    fn expect(&self, comm: &str) -> (String, Ticket) {
        self.0.coming.send_modify(|count| *count += 1);
        (comm.to_owned(), self.state().lanes.expect(comm))
    }

    async fn arrive(
        &self,
        frontend: &Frontend,
        comm: &str,
        ticket: Ticket,
        message: Option<Published>,
    ) {
        let free = self.state().lanes.arrive(comm, ticket, message);
        for message in free {
            message.publish(frontend).await;
        }
        self.0.coming.send_modify(|count| *count -= 1);
    }

    async fn publish(&self, frontend: &Frontend, comm: &str, message: Published) {
        let free = self.state().lanes.add(comm, message);
        if let Some(message) = free {
            message.publish(frontend).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0.state)
    }
}

impl Published {
    async fn publish(self, frontend: &Frontend) {
        match self {
            Self::Message(parent, raw) => frontend.publish_raw(&parent, raw).await,
            Self::Idle(parent) => frontend.status(&parent, ExecutionState::Idle),
        }
    }
}

#[cfg(test)]
mod tests {
    use jupyter_wire::{Channel, MemoryClient, Request, Requests, memory};
    use serde_json::{Value, json};

    use super::*;

    fn session(name: &str) -> Identity {
        serde_json::from_value(json!({"id": "0", "name": name})).unwrap()
    }

    fn comms() -> Comms {
        Comms::of_kernel("a1".to_owned())
    }

    async fn asked(client: &MemoryClient, requests: &mut Requests) -> (String, Request) {
        let id = client.send(Channel::Shell, "comm_msg", json!({"comm_id": "c"}));
        (id, requests.shell.recv().await.unwrap())
    }

    fn message(text: &str) -> RawMessage {
        let content = json!({"data": text}).to_string().into_bytes();
        let (msg_type, metadata) = ("comm_msg".to_owned(), b"{}".to_vec());
        RawMessage { msg_type, metadata, content, buffers: Vec::new() }
    }

    /// The next publication: its data or state, and the request that it answers.
    async fn published(client: &mut MemoryClient) -> (Value, Option<String>) {
        let message = client.recv_iopub().await;
        let content: Value = message.content().unwrap();
        let what = content.get("data").or_else(|| content.get("execution_state")).cloned();
        (what.unwrap_or_default(), message.parent_msg_id())
    }

    #[tokio::test]
    async fn a_message_is_published_if_this_kernel_has_sent_the_statement() {
        let comms = comms();
        assert!(comms.note_cell(&session("mine"), &"5".into(), Parent::of_request("r")));
        assert!(!comms.note_cell(&session("mine"), &"5".into(), Parent::of_request("x")));
        assert!(comms.parent(None, Some("5")).is_some());
        assert!(comms.parent(None, Some("6")).is_none());
        assert!(comms.parent(Some(1), None).is_none());
        comms.note_cell(&session("another"), &"7".into(), Parent::none());
        assert!(comms.parent(None, Some("5")).is_none());
    }

    #[tokio::test]
    async fn a_request_is_idle_once_after_the_large_message_before_it() {
        let (mut requests, frontend, mut client) = memory();
        let (comms, (id, request)) = (comms(), asked(&client, &mut requests).await);
        let (parent, comm) = (request.parent(), "c".to_owned());
        let handled = Handled { parent, comm, _unhandled: comms.0.unhandled.add() };
        comms.state().handled.insert(1, handled);
        assert!(comms.may_send());
        let parent = comms.parent(Some(1), None).unwrap();
        let (comm, ticket) = comms.expect("c");
        for _ in 0..2 {
            comms.end_request(&frontend, 1).await;
        }
        comms.publish(&frontend, "d", Published::Message(Parent::none(), message("other"))).await;
        let large = Published::Message(parent, message("large"));
        comms.arrive(&frontend, &comm, ticket, Some(large)).await;
        comms.settle().await;
        assert_eq!(published(&mut client).await.0, "other");
        assert_eq!(published(&mut client).await, ("large".into(), Some(id.clone())));
        assert_eq!(published(&mut client).await, ("idle".into(), Some(id)));
        assert!(client.try_recv_iopub().is_none() && !comms.may_send());
    }
}
