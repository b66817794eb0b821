//! The session keeper: starts this kernel's session when a cell needs it, notices when it is lost,
//! and ends it with the kernel.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant, SystemTime},
};

use livy_client::{Application, Client, Error, Fate, Id, PollPolicy, Session, Trouble, session};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    agent::presence::Policy,
    claim::Claim,
    configuration::Configuration,
    failure::Failure,
    journal::{Journal, Record},
    kind::Kind,
    leftover::{self, Leftover},
    live::{Live, lock},
    local::Lease,
    loss::{self, Loss, Verdict, examine},
    origin::{self, Origin},
    place::Connection,
    settings::{Place, SettingsError, Terms},
};

/// How long what was handed to a socket may take to leave this process.
const DEPARTURE: Duration = Duration::from_millis(20);
/// How long the next session waits for the end of the last.
const DELETION: Duration = Duration::from_secs(10);
/// How long a server may be silent while it starts a session.
const START_PATIENCE: Duration = Duration::from_secs(120);

/// Keeps the kernel's one session.
pub struct Keeper {
    kind: Kind,
    place: Result<Place, SettingsError>,
    agents: Policy,
    /// What is wanted of sessions.
    pub terms: Terms,
    /// What is to be said though nobody has asked.
    words: mpsc::UnboundedSender<String>,
    state: watch::Sender<State>,
    /// What a kernel that is started in this one's place has to know.
    pub journal: Journal,
    configuration: Mutex<Configuration>,
    connection: tokio::sync::Mutex<Option<Connection>>,
    starting: Mutex<Option<JoinHandle<()>>>,
    /// Its hold on a session that another kernel had named.
    claim: Mutex<Option<Claim>>,
    /// What a server would be left with if the kernel ended now.
    leftover: Mutex<Option<Leftover>>,
    ending: CancellationToken,
}

/// What is known of the session.
#[derive(Clone, Debug)]
pub enum State {
    /// There is none.
    Absent,
    /// It is on its way.
    Starting(Starting),
    /// It takes statements.
    Ready(Live),
    /// It did not come.
    Failed(Failure),
    /// It was there and has ended.
    Lost(Loss),
}

/// A session that is on its way.
#[derive(Clone, Debug)]
pub struct Starting {
    /// Since when.
    pub since: Instant,
    /// Where, once that is known.
    pub place: String,
    /// What the server last said of it, once it said anything.
    pub session: Option<Session>,
    /// Asks the server, once that is known.
    pub client: Option<Client>,
    /// The session of an earlier kernel that it is to be.
    pub back: Option<Id>,
}

impl Starting {
    fn now(back: Option<Id>) -> Self {
        Self { since: Instant::now(), place: String::new(), session: None, client: None, back }
    }

    /// Why the server does not answer, if it has not for a while.
    pub fn trouble(&self) -> Option<Trouble> {
        self.client.as_ref()?.troubles().borrow().longest().cloned()
    }
}

impl Keeper {
    /// A keeper without a session.
    pub fn new(
        kind: Kind,
        place: Result<Place, SettingsError>,
        agents: Policy,
        terms: Terms,
        words: mpsc::UnboundedSender<String>,
        journal: Journal,
    ) -> Arc<Self> {
        Arc::new(Self {
            kind,
            place,
            agents,
            terms,
            words,
            state: watch::Sender::new(State::Absent),
            journal,
            configuration: Mutex::default(),
            connection: tokio::sync::Mutex::new(None),
            starting: Mutex::new(None),
            claim: Mutex::new(None),
            leftover: Mutex::new(None),
            ending: CancellationToken::new(),
        })
    }

    /// What is known of the session.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// What is known of the session, and what will be.
    pub fn states(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// The session, if it takes statements now.
    pub fn live(&self) -> Option<Live> {
        match &*self.state.borrow() {
            State::Ready(live) => Some(live.clone()),
            _ => None,
        }
    }

    /// Sees to it that there is a session, and yields how that goes on. A loss that nobody has
    /// been told of is yielded once, in place of a new session.
    pub fn want(self: &Arc<Self>) -> watch::Receiver<State> {
        let receiver = self.state.subscribe();
        let known = self.state.borrow().clone();
        match known {
            State::Absent | State::Failed(_) => self.begin(),
            State::Ready(_) | State::Starting(_) | State::Lost(_) => {}
        }
        receiver
    }

    /// The person has read of the loss, so the next cell may have a new session.
    pub fn loss_was_told(&self) {
        self.state.send_if_modified(|state| {
            let lost = matches!(state, State::Lost(_));
            if lost {
                *state = State::Absent;
            }
            lost
        });
    }

    /// Whether the server could not be reached, so that the session may be gone when it is back.
    pub fn doubt(&self, doubted: &Live, in_doubt: bool) {
        self.state.send_if_modified(|state| match state {
            State::Ready(live) if live.session.id == doubted.session.id => {
                live.in_doubt = in_doubt;
                true
            }
            _ => false,
        });
    }

    /// The session has ended without our doing. What is left of it on the server is deleted: a
    /// session in state `error` still holds its share of the cluster.
    pub fn lose(self: &Arc<Self>, lost: &Live, loss: &Loss) {
        let changed = self.state.send_if_modified(|state| match state {
            State::Ready(live) if live.session.id == loss.id => {
                *state = State::Lost(loss.clone());
                true
            }
            _ => false,
        });
        if changed {
            self.journal.session(None);
        }
        if changed && lost.own {
            let (keeper, lost) = (Arc::clone(self), lost.clone());
            tokio::spawn(async move { keeper.delete(&lost.client, &lost.session.id).await });
        }
    }

    /// Ends the session and what else this kernel started. The caller limits the time.
    pub async fn end(&self) {
        self.ending.cancel();
        self.journal.session(None);
        *lock(&self.claim) = None;
        let starting = self.starting().take();
        if let Some(starting) = starting {
            // A session whose creation is under way must first be known, to be deleted.
            let _ = starting.await;
        }
        let Some(connection) = self.connection.lock().await.take() else {
            return;
        };
        if let Some(local) = connection.local {
            local.close().await;
        } else if let Some(live) = self.live().filter(|live| live.own) {
            self.delete(&live.client, &live.session.id).await;
        }
    }

    /// Joins a session that this kernel has not started, by its id or name, and ends its own.
    pub async fn attach(self: &Arc<Self>, id_or_name: &str) -> Result<Live, Failure> {
        let connection = self.connect().await?;
        let client = connection.client.clone();
        let session = there(&client, id_or_name).await?.ok_or_else(|| unknown(id_or_name))?;
        let before = self.live();
        if let Some(live) = before.as_ref().filter(|live| live.session.id == session.id) {
            return Ok(live.clone());
        }
        let session = self.until_started(&client, session, Duration::ZERO).await?;
        let live = self.live_of(connection, session, SystemTime::now());
        let live = live.owned(false).used();
        self.has(live.clone());
        if let Some(before) = before.filter(|before| before.own) {
            self.delete(&before.client, &before.session.id).await;
        }
        Ok(live)
    }

    /// What the sessions to come get beside what the settings say.
    pub fn configuration(&self) -> Configuration {
        lock(&self.configuration).clone()
    }

    /// Sets that.
    pub fn configure(&self, configuration: Configuration) {
        *lock(&self.configuration) = configuration;
    }

    /// Ends the session that there is, or leaves it if it is another's, and starts another. Yields which
    /// was ended.
    pub async fn begin_anew(self: &Arc<Self>) -> Option<Id> {
        let starting = self.starting().take();
        if let Some(starting) = starting {
            starting.abort();
            let _ = starting.await;
        }
        let (left, live) = (self.leftovers().take(), self.live());
        self.state.send_replace(State::Absent);
        self.journal.session(None);
        let ended = match live {
            Some(live) if live.own => Some(Leftover::Known(live.session.id)),
            Some(_) => None,
            None => left,
        };
        if let (Some(ended), Ok(connection)) = (&ended, self.connect().await) {
            // The next one may be to have its name.
            let _ = timeout(DELETION, ended.end(&connection.client)).await;
        }
        self.begin();
        ended?.id()
    }

    /// Leaves the session as it is.
    pub fn detach(&self) -> Option<Live> {
        let live = self.live()?;
        self.state.send_replace(State::Absent);
        self.journal.session(None);
        *self.leftovers() = None;
        *lock(&self.claim) = None;
        Some(live)
    }

    /// Writes down that something was shown, once it has certainly left this process: a kernel that is
    /// killed in between shows it again, where otherwise it would be lost.
    pub fn note_departure(self: &Arc<Self>, note: impl FnOnce(&Journal) + Send + 'static) {
        let keeper = Arc::clone(self);
        tokio::spawn(async move {
            sleep(DEPARTURE).await;
            note(&keeper.journal);
        });
    }

    /// The session that is still on its server, after [`end`](Self::end) or when its time was up.
    pub fn leftover(&self) -> Option<Leftover> {
        // Spark on this machine ends with the kernel by itself.
        self.leftovers().clone().filter(|_| matches!(self.place, Ok(Place::Livy(_))))
    }

    fn leftovers(&self) -> MutexGuard<'_, Option<Leftover>> {
        lock(&self.leftover)
    }

    async fn delete(&self, client: &Client, id: &Id) {
        if let Err(error) = leftover::delete(client, id).await {
            return tracing::warn!("session {id} may be left behind: {error}");
        }
        self.leftovers().take_if(|leftover| *leftover == Leftover::Known(id.clone()));
    }

    fn starting(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        lock(&self.starting)
    }

    fn begin(self: &Arc<Self>) {
        self.state.send_replace(State::Starting(Starting::now(None)));
        let keeper = Arc::clone(self);
        *self.starting() = Some(tokio::spawn(async move {
            match keeper.start().await {
                Ok(live) => keeper.has(live),
                Err(failure) => drop(keeper.state.send_replace(State::Failed(failure))),
            }
        }));
    }

    /// There is a session.
    fn has(self: &Arc<Self>, live: Live) {
        let server = live.client.endpoint().to_string();
        self.journal.session(Some((server, live.session.id.clone(), live.own)));
        tokio::spawn(Arc::clone(self).watch_over(live.clone()));
        self.state.send_replace(State::Ready(live));
    }

    /// What a kernel before this one had and did not end, since it was killed.
    pub fn inherited(&self) -> Option<Record> {
        let endpoint = match self.place.as_ref().ok()? {
            Place::Livy(options) => options.endpoint.clone(),
            Place::Here(_) => Lease::read(&self.journal.lease())?.options().ok()?.endpoint,
        };
        self.journal.inherited(&endpoint.to_string())
    }

    /// Takes the session of an earlier kernel back, once its server can be reached.
    pub fn take_back(self: &Arc<Self>, id: Id, own: bool) {
        self.state.send_replace(State::Starting(Starting::now(Some(id.clone()))));
        *self.leftovers() = own.then(|| Leftover::Known(id.clone()));
        let keeper = Arc::clone(self);
        *self.starting() = Some(tokio::spawn(async move { keeper.find_again(id, own).await }));
    }

    async fn find_again(self: &Arc<Self>, id: Id, own: bool) {
        let connection = match self.connect().await {
            Ok(connected) => connected,
            Err(failure) => return drop(self.state.send_replace(State::Failed(failure))),
        };
        let mut polls = PollPolicy::SESSION.start();
        loop {
            match connection.client.send(session::get(&id)).await {
                Ok(session) if session.state.is_starting() => {}
                Ok(session) => {
                    let live = self.live_of(connection, session, SystemTime::now());
                    return self.has_again(live.owned(own).back()).await;
                }
                Err(error) if error.is_not_found() => {
                    return self.is_not_back(Loss::unknown(id));
                }
                Err(_) if connection.is_gone().await => {
                    return self.is_not_back(Loss::with_server(id));
                }
                Err(error) => tracing::debug!("session {id} is not back yet: {error}"),
            }
            if self.ending.run_until_cancelled(polls.wait()).await.is_none() {
                return;
            }
        }
    }

    /// Its name has the number of the kernel that was killed.
    fn claim(&self, name: &str) {
        let claim = Origin::of(name).map(|origin| origin.claim()).transpose();
        match claim {
            Ok(claim) => *lock(&self.claim) = claim,
            Err(error) => {
                tracing::warn!("`livy-kernel sessions` takes {name} for orphaned: {error}")
            }
        }
    }

    fn is_not_back(&self, loss: Loss) {
        self.journal.session(None);
        self.state.send_replace(State::Lost(loss));
    }

    async fn has_again(self: &Arc<Self>, live: Live) {
        self.claim(live.session.name.as_deref().unwrap_or_default());
        let is_over = live.session.state.is_over();
        self.has(live.clone());
        if is_over && let Verdict::Gone(loss) = examine(&live).await {
            self.lose(&live, &loss);
        }
    }

    fn live_of(&self, connection: Connection, session: Session, since: SystemTime) -> Live {
        let live = Live::new(connection, session).on(&self.terms, since, self.agents);
        if self.kind == Kind::Pyspark || self.agents == Policy::Always {
            live.invite_agent();
        }
        live
    }

    async fn start(&self) -> Result<Live, Failure> {
        let connection = self.connect().await?;
        let client = connection.client.clone();
        let since = SystemTime::now();
        if let Some(name) = self.shared_name()
            && let Some(session) = there(&client, &name).await?
        {
            let session = self.until_started(&client, session, Duration::ZERO).await?;
            let live = self.live_of(connection, session, since);
            return Ok(live.owned(false));
        }
        let session = self.create(&client).await.map_err(|error| not_created(&error))?;
        let session = self.until_ready(&client, session).await?;
        Ok(self.live_of(connection, session, since))
    }

    /// What of the session is known to be on the server is noted at each step.
    async fn create(&self, client: &Client) -> Result<Session, Error> {
        let name = self.shared_name().unwrap_or_else(origin::session_name);
        let note = |leftover| *self.leftovers() = leftover;
        note(Some(Leftover::Named(name.clone())));
        let result = client.create_session(&self.new_session(name)).await;
        match &result {
            Ok(session) => note(Some(Leftover::Known(session.id.clone()))),
            Err(error) if error.fate() == Fate::Unknown => {}
            Err(_) => note(None),
        }
        result
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        let mut known = self.connection.lock().await;
        let connection = match &*known {
            Some(connection) if !connection.is_gone().await => connection.clone(),
            _ => Connection::open(&self.place, &self.journal.lease()).await?,
        };
        *known = Some(connection.clone());
        self.progress(|starting| {
            starting.place = connection.describe();
            starting.client = Some(connection.client.clone());
        });
        Ok(connection)
    }

    fn new_session(&self, name: String) -> session::NewSession {
        let default = session::NewSession {
            kind: Some(self.kind.as_str().to_owned()),
            application: Application { name: Some(name), ..Default::default() },
            heartbeat_timeout_in_second: u32::try_from(self.terms.heartbeat_timeout.as_secs()).ok(),
            idle_timeout: self.terms.idle_timeout.clone(),
            ttl: self.terms.ttl.clone(),
        };
        self.configuration().session(default)
    }

    /// Under which name others know the session, if it is to be shared.
    fn shared_name(&self) -> Option<String> {
        self.configuration().name.or_else(|| self.terms.session.clone())
    }

    /// Waits for this kernel's own session. Whoever shuts the kernel down or gives up gets it
    /// deleted.
    async fn until_ready(&self, client: &Client, session: Session) -> Result<Session, Failure> {
        let id = session.id.clone();
        let started = self.until_started(client, session, START_PATIENCE).await;
        if started.is_err() {
            self.delete(client, &id).await;
        }
        started
    }

    /// Polls until the session takes statements; a server may be silent for so long meanwhile.
    async fn until_started(
        &self,
        client: &Client,
        mut session: Session,
        patience: Duration,
    ) -> Result<Session, Failure> {
        let mut polls = PollPolicy::SESSION.start();
        let mut heard = Instant::now();
        while session.state.is_starting() {
            self.progress(|starting| starting.session = Some(session.clone()));
            if self.ending.run_until_cancelled(polls.wait()).await.is_none() {
                return Err(not_started("the kernel is shutting down"));
            }
            match client.send(session::get(&session.id)).await {
                Ok(now) => {
                    session = now;
                    heard = Instant::now();
                }
                Err(error) if may_pass(&error) && heard.elapsed() < patience => {}
                Err(error) => return Err(not_started(&error.to_string())),
            }
        }
        match session.state.is_ready() {
            true => Ok(session),
            false => Err(loss::at_start(client, &session).await),
        }
    }

    fn progress(&self, change: impl FnOnce(&mut Starting)) {
        self.state.send_if_modified(|state| match state {
            State::Starting(starting) => {
                change(starting);
                true
            }
            _ => false,
        });
    }

    /// Shows the server that this kernel lives and uses the session, tells when its end is near, and
    /// notices when it has come.
    async fn watch_over(self: Arc<Self>, live: Live) {
        loop {
            let pulse = live.lifespan().pulse();
            let waited = self.ending.run_until_cancelled(sleep(pulse)).await;
            let is_ours = |now: Live| now.session.id == live.session.id;
            if waited.is_none() || !self.live().is_some_and(is_ours) {
                return;
            }
            if live.lifespan().is_in_use(SystemTime::now()) {
                live.keep_alive().await;
            }
            if let Verdict::Gone(loss) = examine(&live).await {
                return self.lose(&live, &loss);
            }
            let warning = live.lifespan().warning(SystemTime::now());
            if let Some(warning) = warning {
                let word = format!("Livy may end session {} {warning}\n", live.session.id);
                // It fails only when the kernel has stopped.
                let _ = self.words.send(word);
            }
        }
    }
}

/// A web page may come from something in front of Livy that has a bad moment.
fn may_pass(error: &Error) -> bool {
    error.is_temporary() || matches!(error, Error::Unreadable { .. })
}

/// A session by its id or name.
async fn there(client: &Client, id_or_name: &str) -> Result<Option<Session>, Failure> {
    match client.send(session::get(&id_or_name.into())).await {
        Ok(session) => Ok(Some(session)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(not_started(&error.to_string())),
    }
}

fn unknown(id_or_name: &str) -> Failure {
    let what = format!("Livy knows no session {id_or_name}");
    let next = "`livy-kernel sessions --all` lists those that there are.";
    Failure::new("NoSessionError", what, next)
}

fn not_created(error: &Error) -> Failure {
    let next = match error {
        Error::Unreachable { .. } => {
            "Check that the server runs and that LIVY_URL names it, then run the cell again."
        }
        Error::Lost { .. } => {
            "It may have started a session all the same, which then ends by itself. Run the cell again."
        }
        _ => "Mend that, and run the cell again.",
    };
    Failure::new("SessionStartError", error.to_string(), next)
}

fn not_started(why: &str) -> Failure {
    Failure::new(
        "SessionStartError",
        format!("No session was started: {why}"),
        "Run the cell again.",
    )
}
