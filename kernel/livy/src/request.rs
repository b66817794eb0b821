use std::{fmt, marker::PhantomData};

use serde::Serialize;
use serde_json::Value;

/// Something to ask a Livy server, as a value: what is sent, and as `T` what answers.
#[derive(Clone, PartialEq)]
pub struct Request<T> {
    pub(crate) method: Method,
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
    reply: PhantomData<fn() -> T>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Delete,
}

impl<T> Request<T> {
    pub(crate) fn get(path: &[&str]) -> Self {
        Self::new(Method::Get, path)
    }

    pub(crate) fn post(path: &[&str]) -> Self {
        Self::new(Method::Post, path)
    }

    pub(crate) fn delete(path: &[&str]) -> Self {
        Self::new(Method::Delete, path)
    }

    fn new(method: Method, path: &[&str]) -> Self {
        Self {
            method,
            path: path.iter().map(|&segment| segment.to_owned()).collect(),
            query: Vec::new(),
            body: None,
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
