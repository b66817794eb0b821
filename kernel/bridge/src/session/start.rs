//! Starts a session, or joins the one that is shared by name, and waits until it takes statements.

use std::time::{Duration, Instant, SystemTime};

use livy_client::{
    Client, Error, Fate, PollPolicy, Polls, Session, SessionProperties, session,
    statement::{self, Page},
};

use crate::{
    error::CellError,
    server::{
        affinity::Subject,
        cleanup::PendingCleanup,
        connection::Connection,
        locate::{self, LocateError, Located},
        resource::Resource,
        session_name,
    },
    session::{handle::SessionHandle, loss, manager::Manager, origin::Origin, record},
};

/// How long a server may be silent while it starts a session of this kernel.
const START_SILENCE_LIMIT: Duration = Duration::from_secs(120);

impl Manager {
    pub(super) async fn start(&self) -> Result<SessionHandle, CellError> {
        self.records.check().await?;
        let connection = self.connect().await?;
        let since = SystemTime::now();
        // Before anything is asked of the server.
        let new = self.new_session(self.shared_name().unwrap_or_else(session_name::generate))?;
        if let Some(pool) = self.pool(&connection.client, &new) {
            return self.start_in_pool(connection.apart(), &pool).await;
        }
        if let Some(name) = self.shared_name()
            && let Some((client, session)) = shared(&connection.client, &name).await?
        {
            let session = self.wait_to_join(&client, session).await?;
            let connection = connection.by_way_of(client);
            return Ok(self.handle_of(connection, session, since).with_origin(Origin::Joined));
        }
        let connection = connection.apart();
        let client = connection.client.clone();
        self.update_starting(|starting| starting.client = Some(client.clone()));
        let session = self.create(&client, new).await.map_err(|error| not_created(&error))?;
        let client = client.bound_to(session_name::identity(&session));
        let session = self.wait_for_own(&client, session).await?;
        Ok(self.handle_of(connection, session, since))
    }

    /// Asks for a session; at each step it is noted what may have to be cleaned up on the server.
    async fn create(&self, client: &Client, new: SessionProperties) -> Result<Session, Error> {
        let note = |cleanup| self.held().cleanup = cleanup;
        note(new.name.clone().map(PendingCleanup::Named));
        let result = client.create_session(&new).await;
        match &result {
            Ok(session) => {
                let identity = session_name::identity(session);
                Subject::session(&identity).note(client);
                note(Some(PendingCleanup::Known(identity)));
            }
            Err(error) if error.fate() == Fate::Unknown => {}
            Err(_) => note(None),
        }
        result
    }

    /// Returns the kernel's server, which is started if it is to be on this machine.
    ///
    /// # Errors
    ///
    /// What is wrong with the settings, or why no Spark could be started on this machine.
    pub async fn connect(&self) -> Result<Connection, CellError> {
        let mut known = self.connection.lock().await;
        let connection = match &*known {
            Some(connection) if !connection.is_gone().await => connection.clone(),
            _ => {
                let opened = Connection::open(&self.settings.target, &self.journal.lease()).await?;
                record::watch_way(&opened.client, &self.records);
                opened
            }
        };
        *known = Some(connection.clone());
        self.update_starting(|starting| {
            starting.server = connection.describe();
            starting.client = Some(connection.client.clone());
        });
        Ok(connection)
    }

    /// What a new session is asked for: `%%configure` goes before the settings, and the policy before both.
    pub(super) fn new_session(&self, name: String) -> Result<SessionProperties, CellError> {
        self.session_of(name, self.configuration())
    }

    /// Checks what `%%configure` is to set.
    ///
    /// # Errors
    ///
    /// A policy does not allow a session with it.
    pub fn check_configuration(&self, configuration: SessionProperties) -> Result<(), CellError> {
        self.session_of(String::new(), configuration).map(drop)
    }

    fn session_of(
        &self,
        name: String,
        configuration: SessionProperties,
    ) -> Result<SessionProperties, CellError> {
        let options = self.options();
        let defaults = SessionProperties {
            name: Some(name),
            heartbeat_timeout_in_second: u32::try_from(options.heartbeat_timeout().as_secs()).ok(),
            idle_timeout: options.idle_timeout.clone(),
            ttl: options.ttl.clone(),
            ..Default::default()
        };
        let properties = defaults.merged(options.properties.clone()).merged(configuration);
        let kind = Some(self.kind.as_str().to_owned());
        Ok(self.policy().apply(SessionProperties { kind, ..properties })?)
    }

    /// The name under which others know the session, if it is to be shared.
    pub(super) fn shared_name(&self) -> Option<String> {
        self.configuration().name.or_else(|| self.options().shared_name.clone())
    }

    /// Waits until a session that this kernel has asked for takes statements. It is deleted if it does not
    /// come, or if the kernel ends first.
    pub(super) async fn wait_for_own(
        &self,
        client: &Client,
        session: Session,
    ) -> Result<Session, CellError> {
        let id = session.id.clone();
        let ready = self.wait_until_ready(client, session, START_SILENCE_LIMIT).await;
        if ready.is_err() {
            self.delete(client, &id).await;
        }
        ready
    }

    /// Waits until a session that somebody else has started takes statements.
    pub(super) async fn wait_to_join(
        &self,
        client: &Client,
        session: Session,
    ) -> Result<Session, CellError> {
        self.policy().check_joined(session.proxy_user.as_deref())?;
        let client = client.bound_to(session_name::identity(&session));
        let session = self.wait_until_ready(&client, session, Duration::ZERO).await?;
        check_access(&client, &session).await?;
        Ok(session)
    }

    /// Polls until the session takes statements. The server may be silent for up to `silence_limit`.
    async fn wait_until_ready(
        &self,
        client: &Client,
        mut session: Session,
        silence_limit: Duration,
    ) -> Result<Session, CellError> {
        let mut polls = PollPolicy::SESSION.start();
        let mut last_answer = Instant::now();
        while session.state.is_starting() {
            self.update_starting(|starting| starting.session = Some(session.clone()));
            match self.poll(client, &session, &mut polls).await? {
                Ok(now) => {
                    session = now;
                    last_answer = Instant::now();
                }
                Err(error) if may_pass(&error) && last_answer.elapsed() < silence_limit => {}
                Err(error) => return Err(not_started(&error.to_string())),
            }
        }
        match session.state.is_ready() {
            true => Ok(session),
            false => Err(loss::start_failure(client, &session).await),
        }
    }

    /// Asks for the session once more, unless the kernel ends first.
    async fn poll(
        &self,
        client: &Client,
        session: &Session,
        polls: &mut Polls,
    ) -> Result<Result<Session, Error>, CellError> {
        match self.ending.run_until_cancelled(polls.wait()).await {
            None => Err(not_started("the kernel is shutting down")),
            Some(()) => Ok(client.send(session::get(&session.id)).await),
        }
    }
}

/// A web page may come from something in front of Livy that fails for a moment.
fn may_pass(error: &Error) -> bool {
    error.is_temporary() || matches!(error, Error::Unreadable { .. })
}

/// Finds the session that others share by its name. A server that cannot be asked may have it; then another
/// is started on one that can.
pub(super) async fn shared(
    client: &Client,
    name: &str,
) -> Result<Option<(Client, Session)>, CellError> {
    match find(client, name).await {
        Ok(found) => Ok(Some(found)),
        Err(LocateError::Unsure(..)) => Ok(None),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(not_started(&error.to_string())),
    }
}

/// Finds a session by its id or name, and the way to it.
pub(super) async fn find(
    client: &Client,
    id_or_name: &str,
) -> Result<(Client, Session), LocateError> {
    let Located { client, value } =
        locate::find(Resource::Session, client, &id_or_name.into()).await?;
    let session = serde_json::from_value(value).map_err(|error| Error::Unreadable {
        endpoint: client.endpoint().to_string(),
        reason: error.to_string(),
    })?;
    Ok((client, session))
}

pub(super) fn not_created(error: &Error) -> CellError {
    if let Some(property) = error.refusal().and_then(|refusal| unknown_property(&refusal.message)) {
        return CellError::new(
            "SessionStartError",
            format!(
                "This Livy server does not know the session property {property}, which newer ones do: \
                 idleTimeout came with Livy 0.9, ttl with 0.8."
            ),
            "Take it out of %%configure, livy-kernel.toml or the environment, then run the cell again.",
        );
    }
    let next = match error {
        Error::Unreachable { .. } => {
            "Check that the server runs and that LIVY_URL names it, then run the cell again."
        }
        Error::Lost { .. } => {
            "The server may have started a session all the same, which then ends by itself. Run the cell again."
        }
        _ => "Fix that, then run the cell again.",
    };
    CellError::new("SessionStartError", error.to_string(), next)
}

/// Returns the property of a new session that Livy's JSON parser refuses, as it says itself.
fn unknown_property(message: &str) -> Option<&str> {
    let (_, after) = message.split_once("Unrecognized field \"")?;
    after.split_once('"').map(|(property, _)| property)
}

/// Livy shows everybody that a session is there. What runs in it is only for those who may use it.
async fn check_access(client: &Client, session: &Session) -> Result<(), CellError> {
    let page = Page { size: Some(0), ..Page::default() };
    let asked = client.send(statement::list(&session.id, page)).await;
    match asked.err().and_then(|error| Some(error.refusal()?.status)) {
        Some(403) => Err(CellError::new(
            "LivyError",
            format!(
                "The server does not let you use session {}, which is another user's",
                session.id
            ),
            "Run `livy-kernel sessions` to list yours.",
        )),
        _ => Ok(()),
    }
}

pub(super) fn not_started(why: &str) -> CellError {
    CellError::new(
        "SessionStartError",
        format!("No session was started: {why}"),
        "Run the cell again.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_that_an_older_livy_does_not_know_is_named() {
        // As Livy 0.7.1 says it.
        let message = "Unrecognized field \"ttl\" (class org.apache.livy.server.interactive.CreateInteractiveRequest), \
             not marked as ignorable (15 known properties: \"executorCores\", \"conf\"])";
        assert_eq!(unknown_property(message), Some("ttl"));
        assert_eq!(unknown_property("Session 'probe' already exists"), None);
    }
}
