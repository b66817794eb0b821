//! A session that takes statements, and what this kernel knows of it.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use livy_client::{Client, Error, Id, Session, Statement, statement::NewStatement};
use tokio_util::sync::CancellationToken;

use crate::{
    agent::{
        Agent,
        presence::{Policy, Seat, Standing},
    },
    lifespan::Lifespan,
    place::Connection,
    settings::Terms,
};

/// A server keeps some hundred statements, and the newest few are searched for a lost one.
const SUBMITTED: usize = 100;
/// How long a cell waits for an agent that is being installed.
const AGENT_PATIENCE: Duration = Duration::from_millis(300);
/// How long one waits for an agent that was asked to come: Livy may have to start a Python for it.
const INVITED_PATIENCE: Duration = Duration::from_secs(30);

/// A session that takes statements.
#[derive(Clone, Debug)]
pub struct Live {
    /// Asks its server.
    pub client: Client,
    /// Its server.
    pub connection: Connection,
    /// What the server said of it when it became ready.
    pub session: Session,
    /// This kernel has started it, and will end it.
    pub own: bool,
    /// Its server was not to be reached when it was last needed.
    pub in_doubt: bool,
    /// The newest of the statements that this kernel has submitted.
    submitted: Arc<Mutex<VecDeque<Id>>>,
    agent: Arc<Seat>,
    lifespan: Arc<Mutex<Lifespan>>,
    /// Nothing has run in it.
    new: Arc<AtomicBool>,
    /// It is an earlier kernel's, and nobody was told.
    just_back: Arc<AtomicBool>,
    /// Its answers are not to be relied on.
    out_of_step: Arc<AtomicBool>,
}

/// A cell that uses a session, until it is dropped.
#[must_use]
pub struct InUse(Arc<Mutex<Lifespan>>);

impl Drop for InUse {
    fn drop(&mut self) {
        lock(&self.0).cell_ends(SystemTime::now());
    }
}

impl Live {
    /// A session that has run nothing.
    pub fn new(connection: Connection, session: Session) -> Self {
        let agent = Arc::new(Seat::new(Policy::Never));
        let lifespan = Lifespan::new(&session, SystemTime::now(), &Terms::default());
        Self {
            client: connection.client.clone(),
            connection,
            session,
            own: true,
            in_doubt: false,
            submitted: Arc::default(),
            agent,
            lifespan: Arc::new(Mutex::new(lifespan)),
            new: Arc::new(AtomicBool::new(true)),
            just_back: Arc::default(),
            out_of_step: Arc::default(),
        }
    }

    /// The same on these terms, since then, and with an agent by this policy.
    pub fn on(mut self, terms: &Terms, since: SystemTime, agents: Policy) -> Self {
        self.lifespan = Arc::new(Mutex::new(Lifespan::new(&self.session, since, terms)));
        self.agent = Arc::new(Seat::new(agents));
        self
    }

    /// The same, which this kernel has started, or has not.
    pub fn owned(self, own: bool) -> Self {
        Self { own, ..self }
    }

    /// The same, in which something has run.
    pub fn used(self) -> Self {
        self.new.store(false, Ordering::Relaxed);
        self
    }

    /// The same, which was an earlier kernel's.
    pub fn back(self) -> Self {
        self.just_back.store(true, Ordering::Relaxed);
        self.used()
    }

    /// Whether nobody has asked this before.
    pub fn is_new(&self) -> bool {
        self.new.swap(false, Ordering::Relaxed)
    }

    /// Whether it is an earlier kernel's and nobody has asked this before.
    pub fn is_just_back(&self) -> bool {
        self.just_back.swap(false, Ordering::Relaxed)
    }

    /// What it answers may belong to other statements from now on.
    pub fn gets_out_of_step(&self) {
        self.out_of_step.store(true, Ordering::Relaxed);
    }

    /// Whether what it answers may belong to other statements.
    pub fn is_out_of_step(&self) -> bool {
        self.out_of_step.load(Ordering::Relaxed)
    }

    /// A cell begins to use it.
    pub fn in_use(&self) -> InUse {
        self.lifespan().cell_begins(SystemTime::now());
        InUse(Arc::clone(&self.lifespan))
    }

    /// Whether a cell of this kernel's uses it.
    pub fn runs_a_cell(&self) -> bool {
        self.lifespan().runs_a_cell()
    }

    /// How long it may live.
    pub fn lifespan(&self) -> MutexGuard<'_, Lifespan> {
        lock(&self.lifespan)
    }

    /// Has the server count it as active. One that cannot be told so is left alone.
    pub async fn keep_alive(&self) {
        let request = self.client.profile().keep_alive(&self.session.id);
        match self.client.send(request).await {
            Ok(_) => self.lifespan().is_active(SystemTime::now()),
            Err(error) => tracing::debug!("the session is not kept alive: {error}"),
        }
    }

    /// The session's agent, if it is there or comes in a moment.
    pub async fn agent(&self) -> Option<Agent> {
        self.agent_within(AGENT_PATIENCE).await
    }

    /// The session's agent, if it is there or comes within some time.
    pub async fn agent_within(&self, patience: Duration) -> Option<Agent> {
        self.agent.agent(patience).await
    }

    /// Asks the session's agent to come, if that was not done.
    pub fn invite_agent(&self) {
        self.agent.invite(&self.client, &self.session.id);
    }

    /// The session's agent, which is asked to come if that was not done.
    pub async fn invited_agent(&self) -> Option<Agent> {
        self.invite_agent();
        self.agent_within(INVITED_PATIENCE).await
    }

    /// How it stands with the session's agent.
    pub fn agent_standing(&self) -> Standing {
        self.agent.standing()
    }

    /// When the session gets an agent.
    pub fn agent_policy(&self) -> Policy {
        self.agent.policy()
    }

    /// Posts a statement. If the answer is lost it is looked for, and an older one with the same
    /// code is not taken for it. Once `given_up` is cancelled nothing is posted any more.
    pub async fn submit(
        &self,
        new: &NewStatement,
        given_up: CancellationToken,
    ) -> Result<Statement, Error> {
        let known: Vec<Id> = self.submitted().iter().cloned().collect();
        let client = self.client.until(given_up);
        let statement = client.run_statement(&self.session.id, new, &known).await?;
        let mut submitted = self.submitted();
        submitted.push_back(statement.id.clone());
        if submitted.len() > SUBMITTED {
            submitted.pop_front();
        }
        Ok(statement)
    }

    fn submitted(&self) -> MutexGuard<'_, VecDeque<Id>> {
        lock(&self.submitted)
    }
}

/// What a panicking holder left behind is still used.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
