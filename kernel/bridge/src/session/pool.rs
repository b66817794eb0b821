//! The sessions of a pool: `etl-1`, `etl-2`, … for the pool `etl`. Pure.

use livy_client::{Session, SessionProperties, SessionState};
use sha2::{Digest, Sha256};

use crate::session::claim;

/// A pool of sessions, and who takes one of them.
#[derive(Clone, Debug)]
pub struct Pool {
    /// The pool's name.
    pub name: String,
    /// The user whom the server knows the kernel by, as far as the settings say.
    pub user: Option<String>,
    /// The user that the session is to run as.
    pub proxy_user: Option<String>,
    /// Who takes the session, in the words of the server or else of this machine.
    pub person: String,
}

impl Pool {
    /// The sessions that may be free for this kernel, in the order of their numbers.
    pub fn candidates(&self, mut sessions: Vec<Session>) -> Vec<Session> {
        sessions.retain(|session| session.state == SessionState::Idle && self.is_own(session));
        sessions.retain(|session| self.number(session).is_some());
        sessions.sort_by_key(|session| self.number(session));
        sessions
    }

    /// The first name that no session has.
    pub fn free_name(&self, sessions: &[Session]) -> String {
        let is_taken = |number: &u64| sessions.iter().any(|it| self.number(it) == Some(*number));
        let number = (1..).find(|number| !is_taken(number)).unwrap_or(u64::MAX);
        format!("{}-{number}", self.name)
    }

    /// The number of a session of this pool, which has no leading zero.
    fn number(&self, session: &Session) -> Option<u64> {
        let number = session.name.as_deref()?.strip_prefix(&self.name)?.strip_prefix('-')?;
        number.parse().ok().filter(|parsed: &u64| *parsed > 0 && parsed.to_string() == number)
    }

    /// Whether nothing says that the session is another person's. A server that asks nobody who they are
    /// has no owners.
    fn is_own(&self, session: &Session) -> bool {
        let is_ours = match (&session.owner, &self.user) {
            (Some(owner), Some(user)) => owner == user,
            _ => true,
        };
        let runs_as = session.proxy_user.as_ref();
        let wanted = self.proxy_user.as_ref().or(session.owner.as_ref());
        is_ours && runs_as.is_none_or(|user| Some(user) == wanted)
    }

    /// Whether it is certain that the session is no other person's: it is this user's, or of a server that
    /// has no owners.
    pub fn knows_owner(&self, session: &Session) -> bool {
        session.owner.is_none() || self.user.is_some()
    }

    /// What a new session gets beside its properties: it is a kernel's from its first moment, and tells
    /// the others what it was started with. It outlives its kernel, so no heartbeat ends it.
    pub fn with_marks(&self, new: SessionProperties, claim: &str) -> SessionProperties {
        let marks = [(claim::OWNER, claim.to_owned()), (claim::PROPERTIES, self.digest(&new))];
        let mut new = SessionProperties { heartbeat_timeout_in_second: Some(0), ..new };
        new.conf.extend(marks.map(|(name, value)| (name.to_owned(), value)));
        new
    }

    /// Stands for the person and the properties of a session, but for what may differ within a pool.
    pub fn digest(&self, new: &SessionProperties) -> String {
        let wanted = SessionProperties {
            kind: None,
            name: None,
            heartbeat_timeout_in_second: None,
            ..new.clone()
        };
        let wanted = serde_json::to_string(&wanted).unwrap_or_default();
        hex::encode(&Sha256::digest(format!("{}\n{wanted}", self.person))[..8])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pool() -> Pool {
        let ada = "ada".to_owned();
        Pool { name: "etl".into(), user: Some(ada.clone()), proxy_user: None, person: ada }
    }

    fn sessions(all: Value) -> Vec<Session> {
        serde_json::from_value(all).unwrap()
    }

    #[track_caller]
    fn candidates(pool: &Pool, all: Value) -> Vec<String> {
        pool.candidates(sessions(all)).into_iter().filter_map(|session| session.name).collect()
    }

    #[test]
    fn idle_sessions_of_the_pools_name_may_be_free() {
        let all = json!([
            {"id": 1, "name": "etl-10", "state": "idle"}, {"id": 2, "name": "etl-2", "state": "idle"},
            {"id": 3, "name": "etl-1", "state": "busy"}, {"id": 4, "name": "etl-3", "state": "dead"},
            {"id": 5, "name": "etl", "state": "idle"}, {"id": 6, "name": "etl-04", "state": "idle"},
            {"id": 7, "name": "etl-x-1", "state": "idle"}, {"id": 8, "name": "etl-0", "state": "idle"},
            {"id": 9, "state": "idle"},
        ]);
        assert_eq!(candidates(&pool(), all), ["etl-2", "etl-10"]);
    }

    #[test]
    fn another_persons_session_is_never_taken() {
        let all = json!([
            {"id": 1, "name": "etl-1", "state": "idle", "owner": "eve"},
            {"id": 2, "name": "etl-2", "state": "idle", "owner": "ada"},
            {"id": 3, "name": "etl-3", "state": "idle", "owner": "ada", "proxyUser": "ada"},
            {"id": 4, "name": "etl-4", "state": "idle", "owner": "ada", "proxyUser": "etl"},
        ]);
        assert_eq!(candidates(&pool(), all.clone()), ["etl-2", "etl-3"]);
        let token = Pool { user: None, ..pool() };
        let owned = sessions(json!([{"id": 1, "owner": "eve"}, {"id": 2}]));
        assert_eq!(owned.iter().map(|it| token.knows_owner(it)).collect::<Vec<_>>(), [false, true]);
        let proxy = Pool { proxy_user: Some("etl".into()), ..pool() };
        assert_eq!(candidates(&proxy, all), ["etl-2", "etl-4"]);
    }

    #[test]
    fn a_new_session_has_the_first_free_name() {
        assert_eq!(pool().free_name(&[]), "etl-1");
        let some = json!([{"id": 1, "name": "etl-1", "state": "dead"}, {"id": 2, "name": "etl-3"}]);
        assert_eq!(pool().free_name(&sessions(some)), "etl-2");
    }

    #[test]
    fn sessions_of_other_properties_or_people_are_told_apart_and_of_other_languages_are_not() {
        let of = |new: Value| pool().digest(&serde_json::from_value(new).unwrap());
        assert_eq!(of(json!({"kind": "sql", "name": "etl-1"})), of(json!({"kind": "pyspark"})));
        assert_ne!(of(json!({"driverMemory": "1g"})), of(json!({"driverMemory": "2g"})));
        let other = Pool { person: "eve".into(), ..pool() };
        assert_ne!(other.digest(&SessionProperties::default()), of(json!({})));
    }

    #[test]
    fn a_new_session_is_claimed_and_needs_no_heartbeat() {
        let asked = json!({"heartbeatTimeoutInSecond": 120, "conf": {"spark.a": "1"}});
        let new = pool().with_marks(serde_json::from_value(asked).unwrap(), "me");
        assert_eq!(new.heartbeat_timeout_in_second, Some(0));
        assert_eq!((new.conf[claim::OWNER].as_str(), new.conf["spark.a"].as_str()), ("me", "1"));
    }
}
