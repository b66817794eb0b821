//! What the user wants of sessions.

use std::{path::PathBuf, sync::Arc, time::Duration};

use livy_client::SessionProperties;

use crate::{
    policy::Policy,
    records::Audit,
    settings::{
        choices::{AgentPolicy, OnLoss, Start},
        error::SettingsError,
        layers::Settings,
        target::Target,
    },
};

/// The server takes a kernel that is silent for longer for dead.
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(120);

/// What the settings say of a kernel's session, and of where it runs.
#[derive(Debug)]
pub struct SessionSettings {
    /// Where cells run, or which setting does not make sense.
    pub target: Result<Target, SettingsError>,
    /// When the session gets an agent.
    pub agents: AgentPolicy,
    /// What the user wants of the session.
    pub options: SessionOptions,
    /// The files that were read, as `%info` shows them.
    pub source: Option<String>,
    /// What the administrators allow.
    pub policy: Arc<Policy>,
    /// Where what the kernel does is told.
    pub audits: Vec<Audit>,
    /// Where it is counted.
    pub metrics: Option<PathBuf>,
}

/// What the user wants of sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionOptions {
    /// When the kernel starts its session.
    pub start: Start,
    /// The name of a session to share: the kernel joins it if it is there, else starts it.
    pub shared_name: Option<String>,
    /// The pool that the session is taken from, and given back to.
    pub pool: Option<String>,
    /// How long sessions may be idle, in Livy's notation; the server decides otherwise.
    pub idle_timeout: Option<String>,
    /// How long sessions may live, in Livy's notation.
    pub ttl: Option<String>,
    /// How long after the last cell a session is kept from being idle.
    pub keep_alive: Option<Duration>,
    /// How long the server waits for a kernel that is silent; two minutes if it is not set.
    pub heartbeat_timeout: Option<Duration>,
    /// How long a running cell waits for a server that does not answer; a default if it is not set.
    pub patience: Option<Duration>,
    /// What the next cell does when a session is lost.
    pub on_loss: OnLoss,
    /// The file of code that each session runs first.
    pub startup: Option<PathBuf>,
    /// The properties that each session gets, where `%%configure` does not set others.
    pub properties: SessionProperties,
}

impl SessionOptions {
    /// How long the server waits for a kernel that is silent before it ends the session.
    pub fn heartbeat_timeout(&self) -> Duration {
        self.heartbeat_timeout.unwrap_or(HEARTBEAT_TIMEOUT)
    }
}

impl Settings {
    /// Reads what a kernel needs to have a session. Whatever makes no sense is said when the first cell
    /// needs a session, or in the log where a default can do.
    pub fn session_settings(&self) -> SessionSettings {
        let agents = self.agents().unwrap_or_else(|error| {
            tracing::warn!("{error}; sessions get an agent when it helps");
            AgentPolicy::default()
        });
        let (target, options) = match self.session_options() {
            Ok(options) => (self.target(), options),
            Err(error) => (Err(error), SessionOptions::default()),
        };
        let (target, audits) = match self.audits() {
            Ok(audits) => (target, audits),
            Err(error) => (Err(error), Vec::new()),
        };
        SessionSettings {
            target,
            agents,
            options,
            source: self.source(),
            policy: Arc::clone(&self.policy),
            audits,
            metrics: self.metrics_file(),
        }
    }

    /// Reads what the user wants of sessions.
    ///
    /// # Errors
    ///
    /// The first setting of these that makes no sense.
    pub fn session_options(&self) -> Result<SessionOptions, SettingsError> {
        let starts = [("lazy", Start::Lazy), ("eager", Start::Eager)];
        let choices = [("restart", OnLoss::Restart), ("ask", OnLoss::Ask)];
        Ok(SessionOptions {
            start: self.one_of("LIVY_START", &starts)?,
            shared_name: self.get("LIVY_SESSION"),
            pool: self.pool()?,
            idle_timeout: self.time("LIVY_IDLE_TIMEOUT")?.map(|(text, _)| text),
            ttl: self.time("LIVY_TTL")?.map(|(text, _)| text),
            keep_alive: self.keep_alive()?,
            heartbeat_timeout: self.time("LIVY_HEARTBEAT_TIMEOUT")?.map(|(_, time)| time),
            patience: self.time("LIVY_PATIENCE")?.map(|(_, time)| time),
            on_loss: self.one_of("LIVY_ON_LOSS", &choices)?,
            startup: self.path("LIVY_STARTUP"),
            properties: self.properties(),
        })
    }
}

impl Settings {
    fn keep_alive(&self) -> Result<Option<Duration>, SettingsError> {
        let Some((text, time)) = self.time("LIVY_KEEP_ALIVE")? else { return Ok(None) };
        self.check_keep_alive(&text)?;
        Ok(Some(time))
    }

    /// Reads the name of a pool, to which numbers are added.
    fn pool(&self) -> Result<Option<String>, SettingsError> {
        const POOL: &str = "LIVY_SESSION_POOL";
        let Some(name) = self.get(POOL) else { return Ok(None) };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        match self.get("LIVY_SESSION") {
            _ if !name.chars().all(is_plain) => {
                Err(self.wrong(POOL, "may only have letters, digits, `-`, `_` and `.`"))
            }
            Some(_) => {
                Err(self.wrong(POOL, "cannot be set together with session.name (LIVY_SESSION)"))
            }
            None => Ok(Some(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::layers::tests::of_variables;

    #[test]
    fn a_pool_has_a_plain_name_and_no_other_session_is_named() {
        let read = |variables: &[(&str, &str)]| of_variables(variables).session_options();
        let pool = ("LIVY_SESSION_POOL", "etl");
        assert_eq!(read(&[pool]).unwrap().pool.as_deref(), Some("etl"));
        let error = read(&[("LIVY_SESSION_POOL", "a/b")]).unwrap_err().to_string();
        assert!(error.starts_with("LIVY_SESSION_POOL may only have letters"), "{error}");
        let error = read(&[pool, ("LIVY_SESSION", "shared")]).unwrap_err().to_string();
        assert!(error.contains("together with session.name"), "{error}");
    }

    #[test]
    fn times_of_sessions_are_livys() {
        let read = |variable: &str, text: &str| of_variables(&[(variable, text)]).session_options();
        assert_eq!(read("LIVY_TTL", "8h").unwrap().ttl.as_deref(), Some("8h"));
        assert_eq!(read("LIVY_IDLE_TIMEOUT", "20m").unwrap().idle_timeout.as_deref(), Some("20m"));
        let kept = read("LIVY_KEEP_ALIVE", "2h").unwrap().keep_alive;
        assert_eq!(kept, Some(Duration::from_secs(7200)));
        for variable in [
            "LIVY_TTL",
            "LIVY_IDLE_TIMEOUT",
            "LIVY_KEEP_ALIVE",
            "LIVY_PATIENCE",
            "LIVY_HEARTBEAT_TIMEOUT",
        ] {
            let error = read(variable, "two hours").unwrap_err().to_string();
            assert_eq!(error, format!("{variable} must be a time such as 90s, 20m, 2h or 1d"));
        }
        assert_eq!(read("LIVY_TTL", " "), Ok(SessionOptions::default()));
    }
}
