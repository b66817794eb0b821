//! All sessions of a server, each with the task that listens to its interpreter.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::completion::Completions;
use crate::conf;
use crate::interpreter::{Command, Event, Launcher};
use crate::refusal::Refusal;
use crate::registry::{Entry, Registry};
use crate::request::CreateSession;
use crate::session::{Session, SessionState};

/// How long Livy shows a session that ended by itself.
pub(crate) const RETAINED: Duration = Duration::from_secs(600);

pub(crate) struct Sessions {
    launcher: Arc<dyn Launcher>,
    registry: Mutex<Registry<Live>>,
}

impl Sessions {
    pub(crate) fn new(launcher: Arc<dyn Launcher>) -> Arc<Self> {
        Arc::new(Self { launcher, registry: Mutex::default() })
    }

    pub(crate) fn create(self: &Arc<Self>, request: CreateSession) -> Result<Arc<Live>, Refusal> {
        let mut registry = lock(&self.registry);
        let id = registry.admit(request.application.name.as_deref())?;
        let (commands, received) = mpsc::unbounded_channel();
        let (sender, events) = mpsc::unbounded_channel();
        self.launcher.launch(conf::launch(id, &request), received, sender);
        let live = Arc::new(Live::new(Session::new(id, request), commands));
        registry.insert(id, live.clone());
        tokio::spawn(live.clone().listen(self.clone(), events));
        tracing::info!(session = id, "a session starts");
        Ok(live)
    }

    pub(crate) fn find(&self, id_or_name: &str) -> Result<Arc<Live>, Refusal> {
        let live = lock(&self.registry).find(id_or_name)?;
        live.change(|session, _| session.on_heartbeat());
        Ok(live)
    }

    pub(crate) fn all(&self) -> Vec<Arc<Live>> {
        lock(&self.registry).all()
    }

    /// Returns when the session's process is gone.
    pub(crate) async fn delete(&self, live: &Live) {
        live.shut_down();
        live.gone.cancelled().await;
        self.forget(live);
    }

    /// No session starts from now on, and those that run are asked to end.
    pub(crate) fn close(&self) -> Vec<Arc<Live>> {
        lock(&self.registry).close();
        let all = self.all();
        all.iter().for_each(|live| live.shut_down());
        all
    }

    /// Closes, and returns when every session's process is gone.
    pub(crate) async fn stop(&self) {
        for live in self.close() {
            live.gone.cancelled().await;
        }
    }

    fn forget(&self, live: &Live) {
        lock(&self.registry).forget(live.read(Session::id));
    }
}

/// A session and the way to its interpreter.
pub(crate) struct Live {
    inner: Mutex<Inner>,
    /// Cancelled when the interpreter is gone.
    gone: CancellationToken,
}

struct Inner {
    session: Session,
    /// Dropped to end the interpreter.
    commands: Option<mpsc::UnboundedSender<Command>>,
    completions: Completions,
}

impl Entry for Live {
    fn is_named(&self, name: &str) -> bool {
        self.read(|session| session.name() == Some(name))
    }

    fn is_gone(&self) -> bool {
        self.gone.is_cancelled()
    }
}

impl Live {
    fn new(session: Session, commands: mpsc::UnboundedSender<Command>) -> Self {
        let inner =
            Inner { session, commands: Some(commands), completions: Completions::default() };
        Self { inner: Mutex::new(inner), gone: CancellationToken::new() }
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&Session) -> T) -> T {
        look(&lock(&self.inner).session)
    }

    /// Changes the session at this time of day (milliseconds).
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Session, u64) -> T) -> T {
        change(&mut lock(&self.inner).session, now())
    }

    /// Changes the session, and asks of the interpreter what this entails.
    pub(crate) fn command<T>(
        &self,
        change: impl FnOnce(&mut Session, u64) -> (T, Option<Command>),
    ) -> T {
        // Sent under the lock, so that commands leave in the order in which they were decided.
        let mut inner = lock(&self.inner);
        let (result, command) = change(&mut inner.session, now());
        if let (Some(command), Some(commands)) = (command, &inner.commands) {
            // A failure means that the interpreter is gone, which its events tell.
            let _ = commands.send(command);
        }
        result
    }

    /// The candidates, unless the interpreter is gone before it answers.
    pub(crate) fn complete(&self, code: String, cursor: i64) -> oneshot::Receiver<Vec<String>> {
        let inner = &mut *lock(&self.inner);
        let Some(commands) = &inner.commands else { return oneshot::channel().1 };
        let (id, candidates) = inner.completions.begin();
        let _ = commands.send(Command::Complete { id, code, cursor });
        candidates
    }

    fn shut_down(&self) {
        let mut inner = lock(&self.inner);
        inner.session.shut_down();
        inner.commands = None;
    }

    async fn listen(
        self: Arc<Self>,
        sessions: Arc<Sessions>,
        mut events: mpsc::UnboundedReceiver<Event>,
    ) {
        let mut seconds = interval(Duration::from_secs(1));
        // After the machine slept, one second has passed: a client that slept with it was not silent.
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(Event::Completed { id, candidates }) => {
                        lock(&self.inner).completions.answer(id, candidates);
                    }
                    Some(event) => self.command(|session, now| ((), session.on_event(event, now))),
                    None => break,
                },
                _ = seconds.tick() => {
                    if self.change(Session::on_second) {
                        self.shut_down();
                    }
                }
            }
        }
        self.end(&sessions);
        sleep(RETAINED).await;
        sessions.forget(&self);
    }

    /// A session that was asked to end is forgotten; one that ended by itself stays to be looked at.
    fn end(&self, sessions: &Sessions) {
        if self.read(Session::state) == SessionState::ShuttingDown {
            sessions.forget(self);
        }
        let mut inner = lock(&self.inner);
        inner.session.die();
        inner.commands = None;
        inner.completions = Completions::default();
        tracing::info!(session = inner.session.id(), "a session ended");
        drop(inner);
        self.gone.cancel();
    }
}

/// The locks are held for moments and never over an `await`. What a panicking holder left behind is still used.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
