//! A session is asked for, and waited for until it takes statements.

use std::time::{Duration, Instant, SystemTime};

use livy_client::{Application, Client, Error, Fate, PollPolicy, Session, session};

use super::Keeper;
use crate::{failure::Failure, leftover::Leftover, live::Live, loss, origin, place::Connection};

/// How long a server may be silent while it starts a session.
const START_PATIENCE: Duration = Duration::from_secs(120);

impl Keeper {
    pub(super) async fn start(&self) -> Result<Live, Failure> {
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

    /// Its server, which is started if it is to be on this machine.
    pub async fn connect(&self) -> Result<Connection, Failure> {
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
            heartbeat_timeout_in_second: u32::try_from(self.terms.heartbeat_timeout().as_secs())
                .ok(),
            idle_timeout: self.terms.idle_timeout.clone(),
            ttl: self.terms.ttl.clone(),
        };
        let base = self.terms.properties.clone();
        // What is one alone is one together.
        let all = base.merged(self.configuration()).unwrap_or_else(|_| self.configuration());
        all.session(default)
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
    pub(super) async fn until_started(
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
}

/// A web page may come from something in front of Livy that has a bad moment.
fn may_pass(error: &Error) -> bool {
    error.is_temporary() || matches!(error, Error::Unreadable { .. })
}

/// A session by its id or name.
pub(super) async fn there(client: &Client, id_or_name: &str) -> Result<Option<Session>, Failure> {
    match client.send(session::get(&id_or_name.into())).await {
        Ok(session) => Ok(Some(session)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(not_started(&error.to_string())),
    }
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
