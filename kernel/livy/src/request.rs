use std::{fmt, marker::PhantomData, time::Duration};

use serde::Serialize;
use serde_json::Value;

use crate::Feature;

/// A request to a Livy server as a value. `T` is the type that its answer is read as.
#[derive(PartialEq)]
pub struct Request<T> {
    pub(crate) method: Method,
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
    pub(crate) answer_within: Duration,
    pub(crate) size: Size,
    pub(crate) feature: Option<Feature>,
    pub(crate) elsewhere: Elsewhere,
    reply: PhantomData<fn() -> T>,
}

/// How soon answers must begin by default. Livy answers within milliseconds.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

/// The expected size of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// A few kilobytes.
    Usual,
    /// As much as a cell may print.
    Large,
}

/// Which of several servers may answer a request, if the one that is asked first cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// Any server, for what has no id: ids mean nothing on another server.
    Any,
    /// A server that has what is asked for by a name that nothing else has.
    IfFound,
    /// No other server.
    Never,
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

    /// Returns the same request, made [for another user](https://livy.apache.org/docs/latest/rest-api.html#proxy-user---doas-support).
    pub fn do_as(self, user: &str) -> Self {
        self.query("doAs", Some(user))
    }

    /// Returns the same request, whose answer must begin within this time.
    pub fn answer_within(self, answer_within: Duration) -> Self {
        Self { answer_within, ..self }
    }

    /// Returns the same request, whose answer is read as another type; `serde_json::Value` has all of it.
    pub fn reply_as<U>(self) -> Request<U> {
        Request {
            method: self.method,
            path: self.path,
            query: self.query,
            body: self.body,
            answer_within: self.answer_within,
            size: self.size,
            feature: self.feature,
            elsewhere: self.elsewhere,
            reply: PhantomData,
        }
    }

    /// Returns the same request with another segment in its path.
    pub(crate) fn with_segment(mut self, at: usize, segment: &str) -> Self {
        if let Some(old) = self.path.get_mut(at) {
            segment.clone_into(old);
        }
        self
    }

    /// Whether it asks for the description of one session.
    pub(crate) fn is_get_of_a_session(&self) -> bool {
        self.method == Method::Get
            && matches!(&self.path[..], [sessions, _] if sessions == "sessions")
    }

    /// Returns the same request, whose answer may be large, because it grows with what users run.
    pub(crate) fn large(self) -> Self {
        Self { size: Size::Large, ..self }
    }

    /// Returns the same request for something that another server may have by now, and nothing else has
    /// its name.
    pub(crate) fn if_found_elsewhere(self) -> Self {
        Self { elsewhere: Elsewhere::IfFound, ..self }
    }

    /// Returns the same request, which needs a feature that not every server has.
    pub(crate) fn needing(self, feature: Feature) -> Self {
        Self { feature: Some(feature), ..self }
    }

    fn new(method: Method, path: &[&str]) -> Self {
        Self {
            method,
            path: path.iter().map(|&segment| segment.to_owned()).collect(),
            query: Vec::new(),
            body: None,
            answer_within: ANSWER_TIMEOUT,
            size: Size::Usual,
            feature: None,
            elsewhere: if path.len() > 1 { Elsewhere::Never } else { Elsewhere::Any },
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

// A derived `Clone` would ask for `T: Clone`.
impl<T> Clone for Request<T> {
    fn clone(&self) -> Self {
        Self {
            method: self.method,
            path: self.path.clone(),
            query: self.query.clone(),
            body: self.body.clone(),
            answer_within: self.answer_within,
            size: self.size,
            feature: self.feature,
            elsewhere: self.elsewhere,
            reply: PhantomData,
        }
    }
}

/// Shows method and path alone: bodies hold the user's code and settings.
impl<T> fmt::Debug for Request<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} /{}", self.method, self.path.join("/"))
    }
}
