//! The owner of the session's state: starts a session when a cell needs one, and ends it with the kernel.

use std::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::{Instant, SystemTime},
};

use livy_client::{Client, Id, Session, SessionProperties};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    error::CellError,
    kind::Kind,
    language::agent_need::{AgentNeed, AgentUse},
    platform::task::{self, Panicked},
    policy::{Ability, Policy},
    records::{Audit, Records, SessionEnd},
    server::{
        affinity::Subject, cleanup::PendingCleanup, connection::Connection, session_end,
        session_owner::SessionOwner,
    },
    session::{
        handle::{SessionHandle, lock},
        journal::{Journal, SessionNote},
        loss::Loss,
        state::{Starting, State},
    },
    settings::{
        SessionOptions, SessionSettings, Target,
        choices::{AgentPolicy, Start},
    },
};

/// Owns what is known of the kernel's one session.
pub struct Manager {
    /// The kernel's language.
    pub(super) kind: Kind,
    pub(super) settings: SessionSettings,
    /// Takes what the user must read although no cell has asked.
    pub(super) notices: mpsc::UnboundedSender<String>,
    /// What a kernel that is started in this one's place has to know.
    pub journal: Journal,
    /// Where what the kernel does is told and counted.
    pub records: Records,
    pub(super) state: watch::Sender<State>,
    /// What `%%configure` has set for sessions to come.
    pub(super) configuration: Mutex<SessionProperties>,
    pub(super) connection: tokio::sync::Mutex<Option<Connection>>,
    held: Mutex<Held>,
    /// The session was started before a cell needed it, and no cell has asked for it since.
    started_ahead: AtomicBool,
    /// Python does not start in the sessions, or has ended.
    without_python: Arc<AtomicBool>,
    banner_taken: AtomicBool,
    /// Cancelled when the kernel ends.
    pub(super) ending: CancellationToken,
}

/// What the kernel has to give up when it gives up its session.
#[derive(Default)]
pub(super) struct Held {
    /// The task that starts or recovers the session.
    pub starting: Option<JoinHandle<()>>,
    /// The mark on a session that an earlier kernel has named: it has an owner again.
    pub owner: Option<SessionOwner>,
    /// What would stay on the server if the kernel ended now.
    pub cleanup: Option<PendingCleanup>,
    /// What names this kernel in sessions of pools.
    pub claim: Option<String>,
    /// The next session is to have no variables.
    pub wants_new: bool,
    /// The kernel ends to be started again.
    pub restarts: bool,
}

impl Manager {
    /// Creates a manager without a session.
    pub fn new(
        kind: Kind,
        settings: SessionSettings,
        notices: mpsc::UnboundedSender<String>,
        journal: Journal,
    ) -> Arc<Self> {
        let records = Records::start(settings.audits.clone(), settings.metrics.clone());
        Arc::new(Self {
            kind,
            settings,
            notices,
            journal,
            records,
            state: watch::Sender::new(State::Absent),
            configuration: Mutex::default(),
            connection: tokio::sync::Mutex::new(None),
            held: Mutex::default(),
            started_ahead: AtomicBool::new(false),
            without_python: Arc::default(),
            banner_taken: AtomicBool::new(false),
            ending: CancellationToken::new(),
        })
    }

    /// What the user wants of sessions.
    pub fn options(&self) -> &SessionOptions {
        &self.settings.options
    }

    /// What the administrators allow.
    pub fn policy(&self) -> &Policy {
        &self.settings.policy
    }

    /// Where what the kernel does is told.
    pub fn audits(&self) -> &[Audit] {
        &self.settings.audits
    }

    /// When sessions get an agent.
    pub fn agents(&self) -> AgentPolicy {
        self.settings.agents
    }

    /// The files that the settings come from, if any was read.
    pub fn settings_source(&self) -> Option<&str> {
        self.settings.source.as_deref()
    }

    /// What `%%configure` has set for sessions to come.
    pub fn configuration(&self) -> SessionProperties {
        lock(&self.configuration).clone()
    }

    /// Sets what sessions to come get beside what the settings say.
    pub fn configure(&self, configuration: SessionProperties) {
        *lock(&self.configuration) = configuration;
    }

    /// What is known of the session now.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// What is known of the session, now and later.
    pub fn states(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// The session, if it takes statements now.
    pub fn ready_session(&self) -> Option<SessionHandle> {
        match &*self.state.borrow() {
            State::Ready(handle) => Some(handle.clone()),
            _ => None,
        }
    }

    /// Starts a session before a cell needs it, if the user wants that and there is none to recover.
    pub fn start_ahead(self: &Arc<Self>) {
        if self.options().start == Start::Eager && matches!(*self.state.borrow(), State::Absent) {
            self.started_ahead.store(true, Ordering::Relaxed);
            self.begin_start();
        }
    }

    /// Whether the session was started before a cell needed it, and no cell has asked for it since.
    pub fn is_started_ahead(&self) -> bool {
        self.started_ahead.load(Ordering::Relaxed) && !matches!(*self.state.borrow(), State::Absent)
    }

    /// Whether the session was started before a cell needed it; true for the first cell at most.
    pub fn take_started_ahead(&self) -> bool {
        self.started_ahead.swap(false, Ordering::Relaxed)
    }

    /// Starts a session if there is none, and returns how that goes on. A loss that was not shown yet
    /// stays the state until [`acknowledge_loss`](Self::acknowledge_loss).
    pub fn ensure_started(self: &Arc<Self>) -> watch::Receiver<State> {
        let receiver = self.state.subscribe();
        let known = self.state.borrow().clone();
        match known {
            State::Absent | State::Failed(_) => self.begin_start(),
            State::Ready(_) | State::Starting(_) | State::Lost(_) => {}
        }
        receiver
    }

    /// Notes that the user has read of the loss, so that the next cell may have a new session.
    pub fn acknowledge_loss(&self) {
        self.state.send_if_modified(|state| {
            let lost = matches!(state, State::Lost(_));
            if lost {
                *state = State::Absent;
            }
            lost
        });
    }

    /// Notes whether the server could not be reached, so that the session may be gone when it is back.
    pub fn set_in_doubt(&self, doubted: &SessionHandle, in_doubt: bool) {
        self.state.send_if_modified(|state| match state {
            State::Ready(handle) if handle.session.id == doubted.session.id => {
                handle.in_doubt = in_doubt;
                true
            }
            _ => false,
        });
    }

    /// Notes that the session has ended without the kernel's doing. What is left of it on the server is
    /// deleted: a session in state `error` still holds its share of the cluster.
    pub fn report_lost(self: &Arc<Self>, lost: &SessionHandle, loss: &Loss) {
        let changed = self.state.send_if_modified(|state| match state {
            State::Ready(handle) if handle.session.id == loss.id => {
                *state = State::Lost(loss.clone());
                true
            }
            _ => false,
        });
        if changed {
            self.journal.session(None);
            Subject::session(&lost.identity()).forget();
            self.held().owner = None;
            lost.records().end(SessionEnd::Lost);
        }
        if changed && lost.is_own() {
            let (manager, lost) = (Arc::clone(self), lost.clone());
            task::spawn_detached("it ended a session", async move {
                manager.delete(&lost.client, &lost.session.id).await;
            });
        }
    }

    /// Notes that the kernel will be asked to end only to be started again.
    pub fn note_restart(&self) {
        self.held().restarts = true;
    }

    /// Ends the session and whatever else this kernel has started. The caller limits the time.
    pub async fn end(&self) {
        self.ending.cancel();
        self.journal.session(None);
        self.journal.written().await;
        let starting = {
            let mut held = self.held();
            held.owner = None;
            held.starting.take()
        };
        if let Some(starting) = starting {
            // A session whose creation is under way must first be known, to be deleted.
            let _ = starting.await;
        }
        let Some(connection) = self.connection.lock().await.take() else {
            return;
        };
        if let Some(local) = connection.local {
            local.close().await;
            if let Some(handle) = self.ready_session() {
                handle.records().end(SessionEnd::Ended);
            }
        } else if let Some(handle) = self.ready_session() {
            self.leave(&handle).await;
        }
    }

    /// The session that is still on its server, after [`end`](Self::end) or when its time was up.
    pub fn pending_cleanup(&self) -> Option<PendingCleanup> {
        // Spark on this machine ends with the kernel by itself.
        let is_remote = matches!(self.settings.target, Ok(Target::Remote { .. }));
        self.held().cleanup.clone().filter(|_| is_remote)
    }

    pub(super) fn held(&self) -> MutexGuard<'_, Held> {
        lock(&self.held)
    }

    /// Ends a session on its server, and notes that it needs no cleaning up any more.
    pub(super) async fn delete(&self, client: &Client, id: &Id) {
        if let Err(error) = session_end::end(client, id, self.settings.agents).await {
            return tracing::warn!("session {id} may be left behind: {error}");
        }
        if let Some(session) = client.identity() {
            Subject::session(&session).forget();
        }
        self.held().cleanup.take_if(|cleanup| cleanup.id().as_ref() == Some(id));
    }

    /// Begins to start a new session.
    pub(super) fn begin_start(self: &Arc<Self>) {
        self.state.send_replace(State::Starting(Starting::now(None)));
        let manager = Arc::clone(self);
        let start = async move {
            let began = Instant::now();
            match manager.start().await {
                Ok(handle) => {
                    manager.record_start(&handle, began.elapsed());
                    manager.set_ready(handle).await;
                }
                Err(failure) => {
                    manager.record_failure(&failure, began.elapsed()).await;
                    manager.set_failed(failure);
                }
            }
        };
        self.begin_task("it started a session", start);
    }

    /// Begins the task that is to bring a session; should the task die, none comes.
    pub(super) fn begin_task(
        self: &Arc<Self>,
        doing: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let manager = Arc::clone(self);
        let at_death = move |died: Panicked| manager.set_failed(died.into());
        self.held().starting = Some(task::spawn(doing, work, at_death));
    }

    /// Notes why the session that was on its way does not come.
    pub(super) fn set_failed(&self, failure: CellError) {
        self.state.send_if_modified(|state| {
            let starting = matches!(state, State::Starting(_));
            if starting {
                *state = State::Failed(failure);
            }
            starting
        });
    }

    /// Lets cells use a session, once a kernel in this one's place would know of it.
    pub(super) async fn set_ready(self: &Arc<Self>, handle: SessionHandle) {
        self.write_down(&handle);
        self.journal.written().await;
        self.publish_ready(handle);
    }

    /// Writes a session into the journal, and the way to it beside.
    pub(super) fn write_down(&self, handle: &SessionHandle) {
        Subject::session(&handle.identity()).note(&handle.client);
        let server = handle.client.endpoint().to_string();
        let (identity, origin) = (handle.identity(), handle.origin.clone());
        self.journal.session(Some(SessionNote { server, identity, origin }));
    }

    /// Lets cells use a session.
    pub(super) fn publish_ready(self: &Arc<Self>, handle: SessionHandle) {
        task::spawn_detached(
            "it watched over its session",
            Arc::clone(self).watch_over(handle.clone()),
        );
        self.record_leftovers(handle.client.clone());
        self.state.send_replace(State::Ready(handle));
    }

    /// Makes the handle of a session that takes statements, on the user's terms.
    pub(super) fn handle_of(
        &self,
        connection: Connection,
        session: Session,
        created: SystemTime,
    ) -> SessionHandle {
        let SessionSettings { options, agents, .. } = &self.settings;
        let handle = SessionHandle::new(connection, session)
            .with_limits(created, options)
            .with_agent(*agents, self.pip_refusal())
            .with_records(&self.records)
            .sharing_python_loss(&self.without_python);
        if AgentNeed::of(AgentUse::Session, self.kind, *agents) == AgentNeed::AtSessionStart {
            handle.request_agent();
        }
        handle
    }

    /// Why sessions must not install packages, if a policy forbids that.
    fn pip_refusal(&self) -> Option<String> {
        self.policy().check(Ability::Pip, "%pip").err().map(|error| error.to_string())
    }

    /// What every user is to read; none once it was taken.
    pub fn take_banner(&self) -> Option<String> {
        let is_first = !self.banner_taken.swap(true, Ordering::Relaxed);
        is_first.then(|| self.policy().banner()).flatten()
    }

    /// Changes what is known of a session that starts.
    pub(super) fn update_starting(&self, change: impl FnOnce(&mut Starting)) {
        self.state.send_if_modified(|state| match state {
            State::Starting(starting) => {
                change(starting);
                true
            }
            _ => false,
        });
    }
}
