//! A session that takes statements, and what this kernel knows of it.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use livy_client::{
    Client, Error, Id, Identity, Session, Statement,
    statement::{self, NewStatement},
};
use tokio_util::sync::CancellationToken;

use crate::{
    agent::{
        Agent,
        installation::{AgentSlot, AgentState},
    },
    kind::Kind,
    language::agent_need::{AgentNeed, AgentUse},
    records::{Records, SessionFacts, SessionRecords},
    server::{connection::Connection, session_name},
    session::{
        lifetime::Lifetime,
        origin::{Lease, Origin},
    },
    settings::{SessionOptions, choices::AgentPolicy},
};

/// How many of the submitted statements are remembered: a server keeps about a hundred, and the newest
/// few are searched for a lost one.
const REMEMBERED_STATEMENTS: usize = 100;
/// How long a cell waits for an agent that is being installed.
const AGENT_WAIT_LIMIT: Duration = Duration::from_millis(300);
/// How long a cell waits for an agent that it has asked for: Livy may have to start a Python for it.
const AGENT_INSTALLATION_LIMIT: Duration = Duration::from_secs(30);

/// A session that takes statements. Clones share what is known of it.
#[derive(Clone, Debug)]
pub struct SessionHandle {
    /// Asks the server; requests about the session reach no other session with its id.
    pub client: Client,
    /// The session's server.
    pub connection: Connection,
    /// What the server said of the session when it became ready.
    pub session: Session,
    /// Where this kernel has the session from, and so what becomes of it in the end.
    pub origin: Origin,
    /// Whether the server could not be reached when it was last needed.
    pub in_doubt: bool,
    /// The newest of the statements that this kernel has submitted.
    submitted: Arc<Mutex<VecDeque<Id>>>,
    agent: Arc<AgentSlot>,
    /// Where what is done in the session is told.
    told: Records,
    lifetime: Arc<Mutex<Lifetime>>,
    /// Nothing has run in the session yet.
    new: Arc<AtomicBool>,
    /// This kernel has run none of the user's Scala in the session yet.
    without_scala: Arc<AtomicBool>,
    /// The session was recovered from a killed kernel, and the user was not informed yet.
    just_recovered: Arc<AtomicBool>,
    /// What the session answers may belong to other statements.
    out_of_step: Arc<AtomicBool>,
    /// Python does not start in this kernel's sessions, or has ended.
    without_python: Arc<AtomicBool>,
}

/// Marks a session as used by a cell, until it is dropped.
#[must_use]
pub struct InUse(Arc<Mutex<Lifetime>>);

impl Drop for InUse {
    fn drop(&mut self) {
        lock(&self.0).end_cell(SystemTime::now());
    }
}

impl SessionHandle {
    /// Makes the handle of a session that this kernel has started and in which nothing has run, without
    /// known limits and without an agent.
    pub fn new(connection: Connection, session: Session) -> Self {
        let agent = Arc::new(AgentSlot::new(AgentPolicy::Never, None));
        let lifetime = Lifetime::new(&session, SystemTime::now(), &SessionOptions::default());
        Self {
            client: connection.client.bound_to(session_name::identity(&session)),
            connection,
            session,
            origin: Origin::Started,
            in_doubt: false,
            submitted: Arc::default(),
            agent,
            told: Records::none(),
            lifetime: Arc::new(Mutex::new(lifetime)),
            new: Arc::new(AtomicBool::new(true)),
            without_scala: Arc::new(AtomicBool::new(true)),
            just_recovered: Arc::default(),
            out_of_step: Arc::default(),
            without_python: Arc::default(),
        }
    }

    /// Sets the time limits of the session, counted from its creation.
    pub fn with_limits(self, created: SystemTime, options: &SessionOptions) -> Self {
        let lifetime = Lifetime::new(&self.session, created, options);
        Self { lifetime: Arc::new(Mutex::new(lifetime)), ..self }
    }

    /// Sets when the session gets an agent, and why that must not install packages, if it must not.
    pub fn with_agent(self, policy: AgentPolicy, pip_refusal: Option<String>) -> Self {
        Self { agent: Arc::new(AgentSlot::new(policy, pip_refusal)), ..self }
    }

    /// Sets where what is done in the session is told.
    pub fn with_records(self, records: &Records) -> Self {
        Self { told: records.clone(), ..self }
    }

    /// Shares what is known of Python with the kernel's other sessions: where it ends at once, it may
    /// end the session, too.
    pub fn sharing_python_loss(self, without_python: &Arc<AtomicBool>) -> Self {
        Self { without_python: Arc::clone(without_python), ..self }
    }

    /// Notes where this kernel has the session from.
    pub fn with_origin(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// Whether this kernel has started the session, and so will end it.
    pub fn started_here(&self) -> bool {
        self.origin == Origin::Started
    }

    /// Whether the session is this kernel's alone, so that it may end it.
    pub fn is_own(&self) -> bool {
        self.origin != Origin::Joined
    }

    /// What this kernel has to give back to a pool.
    pub fn lease(&self) -> Option<&Lease> {
        match &self.origin {
            Origin::Pooled(lease) => Some(lease),
            Origin::Started | Origin::Joined => None,
        }
    }

    /// Notes that something has run in the session.
    pub fn used(self) -> Self {
        self.new.store(false, Ordering::Relaxed);
        self
    }

    /// Notes that the session was recovered from a killed kernel, which had it from there.
    pub fn recovered(self, origin: Origin) -> Self {
        self.just_recovered.store(true, Ordering::Relaxed);
        self.used().with_origin(origin)
    }

    /// What tells the session from others of its id.
    pub fn identity(&self) -> Identity {
        self.client.identity().unwrap_or_else(|| session_name::identity(&self.session))
    }

    /// The session, as records have it.
    pub fn facts(&self) -> SessionFacts {
        let (server, user) = (self.client.endpoint().to_string(), self.session.proxy_user.clone());
        SessionFacts::new(server, &self.identity(), user)
    }

    /// Records what is done in the session.
    pub fn records(&self) -> SessionRecords {
        SessionRecords::new(&self.told, self.facts())
    }

    /// Whether a server's answer is about this session.
    pub fn is_same(&self, session: &Session) -> bool {
        self.identity().difference(session).is_none()
    }

    /// Whether nothing has run in the session; true at most once.
    pub fn take_new(&self) -> bool {
        self.new.swap(false, Ordering::Relaxed)
    }

    /// Whether this kernel has run none of the user's Scala in the session; true at most once.
    pub fn take_without_scala(&self) -> bool {
        self.without_scala.swap(false, Ordering::Relaxed)
    }

    /// Whether the session was recovered from a killed kernel; true at most once.
    pub fn take_just_recovered(&self) -> bool {
        self.just_recovered.swap(false, Ordering::Relaxed)
    }

    /// Notes that what the session answers may belong to other statements from now on.
    pub fn mark_out_of_step(&self) {
        self.out_of_step.store(true, Ordering::Relaxed);
    }

    /// Whether what the session answers may belong to other statements.
    pub fn is_out_of_step(&self) -> bool {
        self.out_of_step.load(Ordering::Relaxed)
    }

    /// Notes that Python does not start in this kernel's sessions, or has ended.
    pub fn mark_without_python(&self) {
        self.without_python.store(true, Ordering::Relaxed);
    }

    /// Whether a session's Python may be used, or started, where the code needs none.
    pub fn may_use_python(&self) -> bool {
        self.agent.policy() != AgentPolicy::Never && !self.without_python.load(Ordering::Relaxed)
    }

    /// Notes that a cell uses the session, until the guard is dropped.
    pub fn in_use(&self) -> InUse {
        self.lifetime().begin_cell(SystemTime::now());
        InUse(Arc::clone(&self.lifetime))
    }

    /// Whether a cell of this kernel uses the session.
    pub fn runs_a_cell(&self) -> bool {
        self.lifetime().runs_a_cell()
    }

    /// How long the session may live.
    pub fn lifetime(&self) -> MutexGuard<'_, Lifetime> {
        lock(&self.lifetime)
    }

    /// Has the server count the session as active, if the server can do that.
    pub async fn keep_alive(&self) {
        let request = self.client.profile().keep_alive(&self.session.id);
        match self.client.send(request).await {
            Ok(_) => self.lifetime().note_activity(SystemTime::now()),
            Err(error) => tracing::debug!("the session is not kept alive: {error}"),
        }
    }

    /// Returns the session's agent, if it is there or comes in a moment.
    pub async fn agent(&self) -> Option<Agent> {
        self.agent_within(AGENT_WAIT_LIMIT).await
    }

    /// Returns the session's agent, if it is there or comes within some time.
    pub async fn agent_within(&self, limit: Duration) -> Option<Agent> {
        self.agent.agent(limit).await
    }

    /// Begins to install the session's agent, if that was not done.
    pub fn request_agent(&self) {
        self.agent.request(&self.client, &self.session.id);
    }

    /// Returns the session's agent, which is installed if that was not done.
    pub async fn requested_agent(&self) -> Option<Agent> {
        self.request_agent();
        self.agent_within(AGENT_INSTALLATION_LIMIT).await
    }

    /// How far the installation of the session's agent is.
    pub fn agent_state(&self) -> AgentState {
        self.agent.state()
    }

    /// Whether, and when, the agent is installed for a use.
    pub fn agent_need(&self, agent_use: AgentUse, kind: Kind) -> AgentNeed {
        AgentNeed::of(agent_use, kind, self.agent.policy())
    }

    /// Posts a statement. If the answer is lost the statement is looked for, and an older one with the
    /// same code is not taken for it. Once `given_up` is cancelled nothing is posted any more.
    ///
    /// # Errors
    ///
    /// Those of the server and of the way to it; [`Error::fate`] says whether the statement may run.
    pub async fn submit(
        &self,
        new: &NewStatement,
        given_up: CancellationToken,
    ) -> Result<Statement, Error> {
        let known: Vec<Id> = self.submitted().iter().cloned().collect();
        let client = self.client.with_cancellation(given_up);
        let statement = client.run_statement(&self.session.id, new, &known).await?;
        self.note_sent(statement.id.clone());
        Ok(statement)
    }

    /// Whether this kernel, or the killed one in whose place it runs, has sent a statement, among the
    /// newest hundred.
    pub fn has_sent(&self, statement: &Id) -> bool {
        self.submitted().contains(statement)
    }

    /// Notes that this kernel, or the killed one in whose place it runs, has sent a statement.
    pub fn note_sent(&self, statement: Id) {
        let mut submitted = self.submitted();
        submitted.push_back(statement);
        if submitted.len() > REMEMBERED_STATEMENTS {
            submitted.pop_front();
        }
    }

    /// Has Livy stop the newest of its statements.
    pub async fn cancel_newest(&self) {
        let Some(newest) = self.newest() else { return };
        let cancelled = self.client.send(statement::cancel(&self.session.id, &newest)).await;
        tracing::debug!("the newest statement is cancelled: {:?}", cancelled.err());
    }

    /// Has the agent stop the newest of its statements, if there is one.
    pub async fn interrupt_newest(&self, kind: Kind) {
        if let (Some(newest), AgentState::Ready(agent)) = (self.newest(), self.agent_state()) {
            let interrupted = agent.interrupt(&newest, kind).await;
            tracing::debug!("the newest statement is interrupted: {:?}", interrupted.err());
        }
    }

    /// The newest of its statements.
    pub fn newest(&self) -> Option<Id> {
        self.submitted().back().cloned()
    }

    fn submitted(&self) -> MutexGuard<'_, VecDeque<Id>> {
        lock(&self.submitted)
    }
}

/// Locks a mutex; what a panicking holder left behind is still used.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
