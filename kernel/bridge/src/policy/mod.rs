//! What the administrators of this machine, and of the environment that the program is installed in, allow.
//!
//! Each has a file ([`files`]) that no setting of the user's goes before. All decisions are here: which
//! server may be asked, what a session or batch may have and gets, and what is forbidden altogether. If there
//! are two files, both apply. A file that cannot be understood forbids everything.

mod ability;
mod error;
mod files;
mod limits;
mod names;
mod quantity;
mod rules;
mod servers;
mod session;

pub use ability::Ability;
pub use error::PolicyError;

use std::path::Path;

use livy_client::{Endpoint, SessionProperties, Verify, batch::NewBatch};

use crate::{policy::rules::Rules, records::Audit};

/// What the administrators allow; everything, if there is no file.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    files: Vec<Rules>,
    /// Why a file cannot be understood.
    fault: Option<PolicyError>,
}

impl Policy {
    /// Reads the files of this machine and of the program's environment.
    pub fn of_this_program() -> Self {
        Self::read(&files::paths())
    }

    /// Reads these files, as far as they are there.
    fn read(paths: &[impl AsRef<Path>]) -> Self {
        let mut this = Self::default();
        for path in paths {
            match files::read(path.as_ref()) {
                Ok(rules) => this.files.extend(rules),
                Err(fault) => this.fault = Some(fault),
            }
        }
        this
    }

    /// Checks the address of a server.
    ///
    /// # Errors
    ///
    /// The server is not one of those that are allowed.
    pub fn check_server(&self, server: &Endpoint) -> Result<(), PolicyError> {
        self.each(|rules| rules.check_server(server))
    }

    /// Checks whether Spark may run on this machine. `key` is what asks for that.
    ///
    /// # Errors
    ///
    /// It may not.
    pub fn check_this_machine(&self, key: &str) -> Result<(), PolicyError> {
        self.each(|rules| rules.check_this_machine(key))
    }

    /// Checks how a server proves who it is.
    ///
    /// # Errors
    ///
    /// It does not have to, although a policy wants that.
    pub fn check_tls(&self, server: &Endpoint, verify: &Verify) -> Result<(), PolicyError> {
        self.each(|rules| rules.check_tls(server, verify))
    }

    /// Checks the user that requests are made for, who goes before the `proxyUser` of a session.
    ///
    /// # Errors
    ///
    /// A policy sets another user.
    pub fn check_user(&self, key: &str, user: &str) -> Result<(), PolicyError> {
        self.each(|rules| rules.check_user(key, user))
    }

    /// Checks the user that a session runs as which somebody else may have started; none if its server does
    /// not say that.
    ///
    /// # Errors
    ///
    /// Sessions of others must not be joined, or a policy sets another user.
    pub fn check_joined(&self, user: Option<&str>) -> Result<(), PolicyError> {
        self.check(Ability::Attach, "joining a session")?;
        self.check_user("the session's proxyUser", user.unwrap_or_default())
    }

    /// Checks how long a session may be kept from becoming idle.
    ///
    /// # Errors
    ///
    /// It is longer than sessions may be idle.
    pub fn check_keep_alive(&self, key: &str, time: &str) -> Result<(), PolicyError> {
        self.each(|rules| rules.check_keep_alive(key, time))
    }

    /// Checks whether something is forbidden; `what` is its name for the user.
    ///
    /// # Errors
    ///
    /// It is forbidden.
    pub fn check(&self, ability: Ability, what: &str) -> Result<(), PolicyError> {
        self.each(|rules| rules.check(ability, what))
    }

    /// Checks what a new session asks for, and adds what the policy sets.
    ///
    /// # Errors
    ///
    /// It asks for more than is allowed, or for something else than what is set.
    pub fn apply(&self, new: SessionProperties) -> Result<SessionProperties, PolicyError> {
        self.each(|rules| rules.check_session(&new))?;
        let new = self.files.iter().fold(new, |new, rules| rules.filled_in(new));
        // One file may set what another one does not allow.
        self.each(|rules| rules.check_session(&new))?;
        Ok(new)
    }

    /// Does the same for a new batch.
    ///
    /// # Errors
    ///
    /// Batches are forbidden, or those of [`apply`](Self::apply).
    pub fn apply_to_batch(&self, new: NewBatch) -> Result<NewBatch, PolicyError> {
        self.check(Ability::Batches, "a batch")?;
        let properties = self.apply(new.properties.for_batch())?;
        Ok(NewBatch { properties, ..new })
    }

    /// Where the administrators want to have told what users do.
    pub fn audits(&self) -> Vec<Audit> {
        let audit = |rules: &Rules| {
            let to = rules.audit.to.clone()?;
            Some(Audit { to, has_code: rules.audit.code })
        };
        self.files.iter().filter_map(audit).collect()
    }

    /// Says which files apply, and which one cannot be understood.
    pub fn source(&self) -> Option<String> {
        let paths = self.sources().map(str::to_owned);
        let told: Vec<String> = paths.chain(self.fault.as_ref().map(ToString::to_string)).collect();
        (!told.is_empty()).then(|| told.join(", "))
    }

    /// The paths of the files that apply.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|rules| &*rules.source)
    }

    /// What the administrators want every user to read.
    pub fn banner(&self) -> Option<String> {
        let banners: Vec<&str> =
            self.files.iter().filter_map(|rules| rules.banner.as_deref()).collect();
        (!banners.is_empty()).then(|| banners.join("\n"))
    }

    /// The files that protect nothing, because this user can change them.
    pub fn changeable(&self) -> impl Iterator<Item = &str> {
        self.files.iter().filter(|rules| rules.is_changeable).map(|rules| &*rules.source)
    }

    fn each(
        &self,
        check: impl FnMut(&Rules) -> Result<(), PolicyError>,
    ) -> Result<(), PolicyError> {
        match &self.fault {
            Some(fault) => Err(fault.clone()),
            None => self.files.iter().try_for_each(check),
        }
    }
}

#[cfg(test)]
mod tests;
