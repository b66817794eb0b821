//! What routes share: query parameters, numbers in paths, and pages of lists.

use std::collections::HashMap;

use axum::{extract::Query, response::Response};
use serde_json::json;

use crate::{log::Log, refusal::Refusal, reply::ok};

pub(super) type Parameters = Query<HashMap<String, String>>;
pub(super) type Answer = Result<Response, Refusal>;

/// How many items a page has that does not say its size.
const DEFAULT_PAGE_SIZE: i64 = 100;

/// A page of a list: `size` items from the one at index `from`.
#[derive(Clone, Copy)]
pub(super) struct Page {
    pub(super) from: i64,
    pub(super) size: i64,
}

impl Page {
    /// Reads `from` and `size`, which are 0 and 100 if they are left out.
    pub(super) fn parse(parameters: &HashMap<String, String>) -> Result<Self, Refusal> {
        let from = number(parameters, "from")?.unwrap_or(0);
        Ok(Self { from, size: number(parameters, "size")?.unwrap_or(DEFAULT_PAGE_SIZE) })
    }

    /// Returns the items of this page. Items at negative indices do not exist.
    pub(super) fn of<T>(self, items: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        let until = usize::try_from(self.from.saturating_add(self.size)).unwrap_or(0);
        let from = usize::try_from(self.from).unwrap_or(0);
        items.take(until).skip(from)
    }
}

pub(super) fn log_page(id: u64, log: &Log, parameters: &HashMap<String, String>) -> Answer {
    let from = number(parameters, "from")?.unwrap_or(-1);
    let size = number(parameters, "size")?.unwrap_or(DEFAULT_PAGE_SIZE);
    let (from, lines) = log.page(from, size);
    Ok(ok(&json!({"id": id, "from": from, "total": log.total(), "log": lines})))
}

pub(super) fn number(
    parameters: &HashMap<String, String>,
    name: &str,
) -> Result<Option<i64>, Refusal> {
    let Some(text) = parameters.get(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Refusal::NotANumber(text.clone()))
}

/// Reads the number of a statement or job in a path.
pub(super) fn id(text: &str) -> Result<u64, Refusal> {
    text.parse().map_err(|_| Refusal::NotANumber(text.to_owned()))
}
