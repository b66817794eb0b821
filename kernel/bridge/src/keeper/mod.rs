//! The session keeper: starts this kernel's session when a cell needs it, notices when it is lost,
//! and ends it with the kernel.

mod back;
mod choice;
mod start;

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant, SystemTime},
};

use livy_client::{Client, Id, Session, Trouble};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use crate::{
    agent::presence::Policy,
    claim::Claim,
    configuration::Configuration,
    failure::Failure,
    journal::Journal,
    kind::Kind,
    leftover::{self, Leftover},
    live::{Live, lock},
    loss::{Loss, Verdict, examine},
    place::Connection,
    settings::{Place, SettingsError, Terms},
};

/// How long what was handed to a socket may take to leave this process.
const DEPARTURE: Duration = Duration::from_millis(20);

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

    fn live_of(&self, connection: Connection, session: Session, since: SystemTime) -> Live {
        let live = Live::new(connection, session).on(&self.terms, since, self.agents);
        if self.kind == Kind::Pyspark || self.agents == Policy::Always {
            live.invite_agent();
        }
        live
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
