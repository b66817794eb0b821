//! All sessions of a server, each with the task that follows its interpreter.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{
    sync::{mpsc, oneshot},
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{
    conf,
    interpreter::{Command, Event, Launcher},
    lock::lock,
    pending::Pending,
    refusal::Refusal,
    registry::{Entry, Registry},
    request::CreateSession,
    session::{Session, SessionState},
    spark_ui::SparkUiLink,
};

pub(crate) struct Sessions {
    launcher: Arc<dyn Launcher>,
    server_url: String,
    registry: Registry<SessionHandle>,
}

impl Sessions {
    pub(crate) fn new(launcher: Arc<dyn Launcher>, server_url: String) -> Arc<Self> {
        Arc::new(Self { launcher, server_url, registry: Registry::default() })
    }

    pub(crate) fn registry(&self) -> &Registry<SessionHandle> {
        &self.registry
    }

    pub(crate) fn create(
        self: &Arc<Self>,
        request: CreateSession,
    ) -> Result<Arc<SessionHandle>, Refusal> {
        let name = request.application.name.clone();
        self.registry.add(name.as_deref(), |id| {
            let (commands, received) = mpsc::unbounded_channel();
            let (sender, events) = mpsc::unbounded_channel();
            let ui = SparkUiLink::new(&self.server_url);
            self.launcher.launch(conf::launch(id, &request, ui.key()), received, sender);
            let session = Session::new(id, request, ui);
            let handle = Arc::new(SessionHandle::new(session, commands));
            tokio::spawn(handle.clone().supervise(self.clone(), events));
            tracing::info!(session = id, "a session starts");
            Ok(handle)
        })
    }

    /// Finds a session that a client asks for, which counts as the client's heartbeat.
    pub(crate) fn find(&self, id_or_name: &str) -> Result<Arc<SessionHandle>, Refusal> {
        let handle = self.registry.find(id_or_name)?;
        handle.change(|session, _| session.on_heartbeat());
        Ok(handle)
    }

    /// Returns where Spark itself serves the UI that has this key.
    pub(crate) fn spark_ui_url(&self, key: &str) -> Option<String> {
        let url = |handle: &Arc<SessionHandle>| {
            handle.read(|session| session.spark_ui_url(key).map(str::to_owned))
        };
        self.registry.all().iter().find_map(url)
    }
}

/// A session and the means to reach its interpreter.
pub(crate) struct SessionHandle {
    inner: Mutex<Inner>,
    ended: CancellationToken,
}

struct Inner {
    session: Session,
    /// Dropped to end the interpreter.
    commands: Option<mpsc::UnboundedSender<Command>>,
    completions: Pending<Vec<String>>,
    files: Pending<Result<(), String>>,
}

impl Entry for SessionHandle {
    fn id(&self) -> u64 {
        self.read(Session::id)
    }

    fn is_named(&self, name: &str) -> bool {
        self.read(|session| session.name() == Some(name))
    }

    fn ended(&self) -> &CancellationToken {
        &self.ended
    }

    fn request_stop(&self) {
        let mut inner = lock(&self.inner);
        inner.session.shut_down();
        inner.commands = None;
    }
}

impl SessionHandle {
    fn new(session: Session, commands: mpsc::UnboundedSender<Command>) -> Self {
        let inner = Inner {
            session,
            commands: Some(commands),
            completions: Pending::default(),
            files: Pending::default(),
        };
        Self { inner: Mutex::new(inner), ended: CancellationToken::new() }
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&Session) -> T) -> T {
        look(&lock(&self.inner).session)
    }

    /// Changes the session. The closure gets the time in milliseconds since 1970.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Session, u64) -> T) -> T {
        change(&mut lock(&self.inner).session, now())
    }

    /// Changes the session, and sends the command that the closure returns to the interpreter.
    pub(crate) fn command<T>(
        &self,
        change: impl FnOnce(&mut Session, u64) -> (T, Option<Command>),
    ) -> T {
        // Sent under the lock, so that commands leave in the order in which they were decided.
        let mut inner = lock(&self.inner);
        let (result, command) = change(&mut inner.session, now());
        if let (Some(command), Some(commands)) = (command, &inner.commands) {
            // A failure means that the interpreter is gone, which its events show as well.
            let _ = commands.send(command);
        }
        result
    }

    /// Asks the interpreter for candidates. The receiver fails if the interpreter is gone before it answers.
    pub(crate) fn complete(&self, code: String, cursor: i64) -> oneshot::Receiver<Vec<String>> {
        let inner = &mut *lock(&self.inner);
        let Some(commands) = &inner.commands else { return oneshot::channel().1 };
        let (id, candidates) = inner.completions.begin();
        let _ = commands.send(Command::Complete { id, code, cursor });
        candidates
    }

    /// Has the interpreter add a file. The receiver fails if the interpreter is gone before it answers.
    pub(crate) fn add_file(&self, uri: String) -> oneshot::Receiver<Result<(), String>> {
        let inner = &mut *lock(&self.inner);
        inner.session.on_activity();
        let Some(commands) = &inner.commands else { return oneshot::channel().1 };
        let (id, added) = inner.files.begin();
        let _ = commands.send(Command::AddFile { id, uri });
        added
    }

    /// Follows the interpreter to its end, and forgets the session when Livy would.
    async fn supervise(
        self: Arc<Self>,
        sessions: Arc<Sessions>,
        events: mpsc::UnboundedReceiver<Event>,
    ) {
        let following = tokio::spawn(self.clone().follow(events));
        if let Err(error) = following.await {
            tracing::error!(%error, "a session ends, since its task has failed");
        }
        // A session that was asked to end is forgotten at once; one that ended by itself can still be looked at.
        if self.read(Session::state) == SessionState::ShuttingDown {
            sessions.registry.forget(&self);
        }
        self.end();
        sessions.registry.forget_later(&self).await;
    }

    /// Applies the events of the interpreter, and the seconds that pass, until the interpreter is gone.
    async fn follow(self: Arc<Self>, mut events: mpsc::UnboundedReceiver<Event>) {
        let mut seconds = interval(Duration::from_secs(1));
        // After the machine slept, one second has passed: a client that slept with it was not silent.
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(Event::Completed { id, candidates }) => {
                        lock(&self.inner).completions.answer(id, candidates);
                    }
                    Some(Event::FileAdded { id, error }) => {
                        lock(&self.inner).files.answer(id, error.map_or(Ok(()), Err));
                    }
                    Some(event) => self.command(|session, now| ((), session.on_event(event, now))),
                    None => return,
                },
                _ = seconds.tick() => {
                    if self.change(Session::on_second) {
                        self.request_stop();
                    }
                }
            }
        }
    }

    fn end(&self) {
        let mut inner = lock(&self.inner);
        inner.session.on_end();
        inner.commands = None;
        inner.completions = Pending::default();
        inner.files = Pending::default();
        tracing::info!(session = inner.session.id(), "a session ended");
        drop(inner);
        self.ended.cancel();
    }
}

/// Returns the time in milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
