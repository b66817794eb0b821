use std::{fmt, marker::PhantomData, time::Duration};

use serde::Serialize;
use serde_json::Value;

use crate::Ability;

/// Something to ask a Livy server, as a value: what is sent, and as `T` what answers.
#[derive(Clone, PartialEq)]
pub struct Request<T> {
    pub(crate) method: Method,
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
    pub(crate) answer_within: Duration,
    pub(crate) ability: Option<Ability>,
    reply: PhantomData<fn() -> T>,
}

/// Livy answers within milliseconds; a server that is this slow is in trouble.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl<T> Request<T> {
    pub(crate) fn get(path: &[&str]) -> Self {
        Self::new(Method::Get, path)
    }

    pub(crate) fn post(path: &[&str]) -> Self {
        Self::new(Method::Post, path)
    }

    pub(crate) fn put(path: &[&str]) -> Self {
        Self::new(Method::Put, path)
    }

    pub(crate) fn delete(path: &[&str]) -> Self {
        Self::new(Method::Delete, path)
    }

    /// The same, done [as another user](https://livy.apache.org/docs/latest/rest-api.html#proxy-user---doas-support).
    pub fn do_as(self, user: &str) -> Self {
        self.query("doAs", Some(user))
    }

    /// The same, with an answer expected to begin within this time.
    pub fn answer_within(self, answer_within: Duration) -> Self {
        Self { answer_within, ..self }
    }

    /// The same, its answer read as another type: `serde_json::Value` has all of it.
    pub fn answered_by<U>(self) -> Request<U> {
        Request {
            method: self.method,
            path: self.path,
            query: self.query,
            body: self.body,
            answer_within: self.answer_within,
            ability: self.ability,
            reply: PhantomData,
        }
    }

    /// Not every server has it.
    pub(crate) fn needing(self, ability: Ability) -> Self {
        Self { ability: Some(ability), ..self }
    }

    fn new(method: Method, path: &[&str]) -> Self {
        Self {
            method,
            path: path.iter().map(|&segment| segment.to_owned()).collect(),
            query: Vec::new(),
            body: None,
            answer_within: ANSWER_WITHIN,
            ability: None,
            reply: PhantomData,
        }
    }

    /// Adds a query parameter, if there is a value for it.
    pub(crate) fn query(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.query.extend(value.map(|value| (name, value.to_string())));
        self
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        // Bodies are this crate's own structs of strings, numbers and maps with string keys.
        self.body = serde_json::to_value(body).ok();
        self
    }
}

/// Bodies hold a person's code and settings, so only what is asked is shown.
impl<T> fmt::Debug for Request<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} /{}", self.method, self.path.join("/"))
    }
}
