//! Distinguishes one session from another. Every server counts its ids from 0, so an id means nothing on
//! another server: one that was restarted, or that a balancer has chosen. Pure.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Id, Session};

/// Distinguishes a session from others with the same id, as far as its server says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The session's id.
    pub id: Id,
    /// The session's name; Livy has names since 0.6.
    #[serde(default)]
    pub name: Option<String>,
    /// The Spark application's id, once the cluster manager has given one.
    #[serde(default)]
    pub app_id: Option<String>,
    /// The user who created it.
    #[serde(default)]
    pub owner: Option<String>,
    /// The kind of statements that name none.
    #[serde(default)]
    pub kind: Option<String>,
    /// Whether nobody else gives a session this name.
    #[serde(default)]
    pub is_unique: bool,
}

/// Says, in words for the user, how a session with the same id differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference(String);

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&Session> for Identity {
    fn from(session: &Session) -> Self {
        Self {
            id: session.id.clone(),
            name: session.name.clone(),
            app_id: session.app_id.clone(),
            owner: session.owner.clone(),
            kind: session.kind.clone(),
            is_unique: false,
        }
    }
}

impl Identity {
    /// Returns the same identity with another [`is_unique`](Self::is_unique).
    pub fn with_unique_name(self, is_unique: bool) -> Self {
        Self { is_unique, ..self }
    }

    /// Compares this session with one that a server has found under its id or name; `None` if it is the
    /// same. What the server did not say before, or does not say now, cannot differ. The name can: a
    /// session that had one keeps it.
    pub fn difference(&self, found: &Session) -> Option<Difference> {
        let differ = |known: &Option<String>, found: &Option<String>| {
            known.is_some() && found.is_some() && known != found
        };
        let is = |what: &str, value: &Option<String>| match value {
            Some(value) => format!("its {what} is {value}"),
            None => format!("it has no {what}"),
        };
        let difference = match () {
            () if self.id != found.id => format!("its id is {}", found.id),
            () if self.name.is_some() && self.name != found.name => is("name", &found.name),
            () if self.has_other_application(found) => is("application", &found.app_id),
            () if differ(&self.owner, &found.owner) => is("owner", &found.owner),
            () if differ(&self.kind, &found.kind) => is("kind", &found.kind),
            () => return None,
        };
        Some(Difference(difference))
    }

    /// A session without a name is known by its application alone, which it keeps once it has one.
    fn has_other_application(&self, found: &Session) -> bool {
        match (&self.app_id, &found.app_id) {
            (Some(known), Some(found)) => known != found,
            (Some(_), None) => self.name.is_none(),
            (None, _) => false,
        }
    }

    /// Adds what was not known before.
    pub(crate) fn learn(&mut self, found: &Session) {
        self.app_id = self.app_id.take().or_else(|| found.app_id.clone());
        self.owner = self.owner.take().or_else(|| found.owner.clone());
        self.kind = self.kind.take().or_else(|| found.kind.clone());
    }

    /// Returns the name, if [Livy accepts it](https://github.com/apache/livy/blob/v0.8.0-incubating/server/src/main/scala/org/apache/livy/server/SessionServlet.scala)
    /// in a path in place of the id: it must not be a number, nor have characters that a server in
    /// between may interpret.
    pub(crate) fn name_for_a_path(&self) -> Option<&str> {
        let is_plain = |name: &&str| {
            !name.bytes().all(|byte| byte.is_ascii_digit())
                && name.bytes().any(|byte| byte.is_ascii_alphanumeric())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        self.name.as_deref().filter(is_plain)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn session(json: Value) -> Session {
        serde_json::from_value(json).unwrap()
    }

    #[track_caller]
    fn check(known: Value, found: Value, difference: Option<&str>) {
        let known = Identity::from(&session(known));
        let difference = difference.map(|difference| Difference(difference.to_owned()));
        assert_eq!(known.difference(&session(found)), difference);
    }

    #[test]
    fn another_name_application_owner_or_kind_is_another_session() {
        let named = json!({"id": 0, "name": "mine", "owner": "me", "kind": "pyspark"});
        check(named.clone(), named.clone(), None);
        check(named.clone(), json!({"id": 1, "name": "mine"}), Some("its id is 1"));
        check(named.clone(), json!({"id": 0, "name": "x"}), Some("its name is x"));
        check(named.clone(), json!({"id": 0, "name": null}), Some("it has no name"));
        check(
            named.clone(),
            json!({"id": 0, "name": "mine", "owner": "you"}),
            Some("its owner is you"),
        );
        check(named, json!({"id": 0, "name": "mine", "kind": "spark"}), Some("its kind is spark"));
        let running = json!({"id": 0, "name": "etl", "appId": "a"});
        check(running, json!({"id": 0, "name": "etl", "appId": "b"}), Some("its application is b"));
    }

    #[test]
    fn without_a_name_the_application_tells() {
        let running = json!({"id": 0, "appId": "a"});
        check(running.clone(), json!({"id": 0, "appId": "b"}), Some("its application is b"));
        check(running, json!({"id": 0, "appId": null}), Some("it has no application"));
        let starting = json!({"id": 0, "owner": "me"});
        check(starting.clone(), json!({"id": 0, "appId": "b", "owner": "me"}), None);
        check(starting, json!({"id": 0, "owner": "you"}), Some("its owner is you"));
        check(json!({"id": 0}), json!({"id": 0}), None);
    }

    #[test]
    fn an_application_that_comes_later_is_learnt() {
        let mut known = Identity::from(&session(json!({"id": 0, "name": "mine"})));
        known.learn(&session(json!({"id": 0, "name": "mine", "appId": "a"})));
        let other = session(json!({"id": 0, "name": "mine", "appId": "b"}));
        assert!(known.difference(&other).is_some());
    }

    #[test]
    fn only_a_plain_name_takes_an_ids_place() {
        for (name, is_plain) in
            [("livy-kernel-1-a", true), ("7", false), ("a/b", false), ("..", false), ("", false)]
        {
            let named = Identity::from(&session(json!({"id": 0, "name": name})));
            assert_eq!(named.name_for_a_path().is_some(), is_plain, "{name}");
        }
    }
}
