//! Livy's REST resources.

mod batches;
mod jobs;
mod sessions;
mod statements;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Query};
use axum::http::StatusCode;
use axum::response::{Html, Response};
use axum::routing::get;
use serde_json::json;

use crate::auth::{Gate, guard};
use crate::batches::Batches;
use crate::body::MAX_BODY;
use crate::log::Log;
use crate::refusal::Refusal;
use crate::reply::ok;
use crate::sessions::Sessions;

type Parameters = Query<HashMap<String, String>>;
type Answer = Result<Response, Refusal>;

pub(crate) fn router(sessions: Arc<Sessions>, batches: Arc<Batches>, gate: Gate) -> Router {
    let of_sessions = Router::new()
        .merge(sessions::routes())
        .merge(statements::routes())
        .merge(jobs::routes())
        .with_state(sessions);
    Router::new()
        .merge(of_sessions)
        .merge(batches::routes().with_state(batches))
        .route("/version", get(version))
        .route("/", get(page))
        .fallback(no_such_page)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(axum::middleware::from_fn_with_state(gate, guard))
}

/// For a person who opens the address in a browser; Livy has its sessions there.
async fn page() -> Html<&'static str> {
    Html(
        "<html><title>livy-local</title><body>Livy's REST protocol on this machine's Spark.</body></html>",
    )
}

async fn no_such_page() -> (StatusCode, Html<&'static str>) {
    (StatusCode::NOT_FOUND, Html(""))
}

/// The version whose protocol this is; `branch` tells that it is not the real one.
async fn version() -> Response {
    ok(&json!({
        "url": "",
        "branch": "livy-local",
        "revision": env!("CARGO_PKG_VERSION"),
        "version": "0.9.0-incubating",
        "date": "",
        "user": "",
    }))
}

fn log_page(id: u64, log: &Log, parameters: &HashMap<String, String>) -> Answer {
    let from = number(parameters, "from")?.unwrap_or(-1);
    let size = number(parameters, "size")?.unwrap_or(100);
    let (from, lines) = log.page(from, size);
    Ok(ok(&json!({"id": id, "from": from, "total": log.total(), "log": lines})))
}

fn number(parameters: &HashMap<String, String>, name: &str) -> Result<Option<i64>, Refusal> {
    let Some(text) = parameters.get(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Refusal::NotANumber(text.clone()))
}

fn id(text: &str) -> Result<u64, Refusal> {
    text.parse().map_err(|_| Refusal::NotANumber(text.to_owned()))
}

/// From `from` up to `from + size`, where what is below zero does not exist.
fn slice<T>(items: impl Iterator<Item = T>, from: i64, size: i64) -> impl Iterator<Item = T> {
    let until = usize::try_from(from.saturating_add(size)).unwrap_or(0);
    let from = usize::try_from(from).unwrap_or(0);
    items.take(until).skip(from)
}
