//! What a client knows of the one session that it is bound to.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{Error, Id, Identity, Request, Session, request::Method};

/// How long a look at the session counts, where nothing suggests that the server is another.
pub(crate) const VERIFICATION_LIFETIME: Duration = Duration::from_secs(10);

/// The session that a client is bound to.
#[derive(Debug)]
pub(crate) struct SessionBinding(Mutex<Known>);

#[derive(Debug)]
struct Known {
    identity: Identity,
    addressing: Addressing,
    verified: Option<Verification>,
}

/// The last look that found the session to be this one.
#[derive(Clone, Copy, Debug)]
struct Verification {
    at: Instant,
    /// How often the server's address had changed by then.
    address_changes: u64,
}

/// How requests say which session they mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Addressing {
    /// By its name; whether the server understands names is not known yet.
    Name,
    /// By its name, which the server has understood before.
    ConfirmedName,
    Id,
}

impl SessionBinding {
    pub fn new(identity: Identity, server_knows_names: bool) -> Self {
        let addressing = match identity.name_for_a_path() {
            Some(_) if server_knows_names => Addressing::Name,
            _ => Addressing::Id,
        };
        Self(Mutex::new(Known { identity, addressing, verified: None }))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn identity(&self) -> Identity {
        self.known().identity.clone()
    }

    pub fn id(&self) -> Id {
        self.known().identity.id.clone()
    }

    pub fn addressing(&self) -> Addressing {
        self.known().addressing
    }

    pub fn set_addressing(&self, addressing: Addressing) {
        self.known().addressing = addressing;
    }

    /// Whether a request is about the session.
    pub fn concerns<T>(&self, request: &Request<T>) -> bool {
        let is_id = |id: &String| id == self.known().identity.id.as_str();
        matches!(&request.path[..], [sessions, id, ..] if sessions == "sessions" && is_id(id))
    }

    /// Whether nobody else gives a session this one's name.
    pub fn is_unique(&self) -> bool {
        self.known().identity.is_unique
    }

    /// Whether only this session can answer, whichever server is asked.
    pub fn is_certain(&self) -> bool {
        let known = self.known();
        known.identity.is_unique && known.addressing == Addressing::ConfirmedName
    }

    /// Whether the session must be looked at before it is sent a request.
    pub fn must_be_verified(&self, method: Method, address_changes: u64) -> bool {
        let is_verified = self.known().verified.is_some_and(|last| {
            let is_recent = last.at.elapsed() < VERIFICATION_LIFETIME;
            last.address_changes == address_changes && (method == Method::Get || is_recent)
        });
        !is_verified && !self.is_certain()
    }

    /// Forgets the last look: after an error the next server may be another.
    pub fn forget_verification(&self) {
        self.known().verified = None;
    }

    /// Compares what the server has found with this session, and learns from it if it is the same.
    ///
    /// # Errors
    ///
    /// Fails if it is another session.
    pub fn verify(
        &self,
        found: &Session,
        endpoint: String,
        address_changes: u64,
    ) -> Result<(), Error> {
        let mut known = self.known();
        if let Some(difference) = known.identity.difference(found) {
            known.verified = None;
            let id = known.identity.id.clone();
            return Err(Error::AnotherSession { endpoint, id, difference });
        }
        known.identity.learn(found);
        known.verified = Some(Verification { at: Instant::now(), address_changes });
        Ok(())
    }

    /// Returns the same request, addressed by name where that is how the session is addressed.
    pub fn addressed<T>(&self, request: Request<T>) -> Request<T> {
        let known = self.known();
        match known.identity.name_for_a_path() {
            Some(name) if known.addressing != Addressing::Id => request.with_segment(1, name),
            _ => request,
        }
    }

    #[cfg(test)]
    pub fn age_verification(&self, by: Duration) {
        if let Some(verified) = &mut self.known().verified {
            verified.at = verified.at.checked_sub(by).expect("the machine has run for longer");
        }
    }
}
