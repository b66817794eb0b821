//! What policies refuse of the settings.

use livy_client::{Options, SessionProperties};

use crate::{
    policy::{Ability, PolicyError},
    settings::{error::SettingsError, keys, layers::Settings, target::Target},
};

impl Settings {
    /// Checks where cells are to run: all servers of a list, since each of them may be asked.
    pub(super) fn check_target(&self, target: &Target) -> Result<(), SettingsError> {
        match target {
            Target::Local { .. } => self
                .policy
                .check_this_machine("Spark on this machine")
                .map_err(|error| self.refused(error)),
            Target::Remote { options, .. } => {
                let mut servers = [&**options].into_iter().chain(&options.others);
                servers.try_for_each(|server| self.check_livy(server))
            }
        }
    }

    fn check_livy(&self, server: &Options) -> Result<(), SettingsError> {
        let checked = self
            .policy
            .check_server(&server.endpoint)
            .and_then(|()| self.policy.check_tls(&server.endpoint, &server.tls.verify))
            .and_then(|()| match &server.do_as {
                Some(user) => self.policy.check_user("do_as", user),
                None => Ok(()),
            });
        checked.map_err(|error| self.refused(error))
    }

    /// Checks how long the user wants sessions to be kept from becoming idle.
    pub(super) fn check_keep_alive(&self, time: &str) -> Result<(), SettingsError> {
        self.policy.check_keep_alive("keep_alive", time).map_err(|error| self.refused(error))
    }

    /// Checks what sessions are to get from the settings.
    ///
    /// # Errors
    ///
    /// A setting makes no sense, or a policy refuses it.
    pub fn check_session(&self) -> Result<(), SettingsError> {
        let options = self.session_options()?;
        let times = SessionProperties {
            ttl: options.ttl,
            idle_timeout: options.idle_timeout,
            ..Default::default()
        };
        let allowed = self.policy.apply(times.merged(options.properties));
        allowed.map(drop).map_err(|error| self.refused(error))
    }

    /// Whether a policy forbids the agent.
    pub fn forbids_agent(&self) -> bool {
        self.policy.check(Ability::Agent, "the agent").is_err()
    }

    /// Names a refused setting as the user has set it.
    fn refused(&self, error: PolicyError) -> SettingsError {
        let key = keys::named(&error.key);
        let label = key.map(|key| match self.origin(key.variable) {
            Some(origin) => origin.label(key.variable),
            None => key.variable.to_owned(),
        });
        SettingsError {
            variable: key.map_or("policy", |key| key.variable),
            label: label.unwrap_or(error.key),
            why: error.what,
            is_refusal: true,
        }
    }
}
