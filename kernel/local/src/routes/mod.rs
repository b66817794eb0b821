//! The resources of [Livy's REST API](https://livy.apache.org/docs/latest/rest-api.html#rest-api).

mod batches;
mod files;
mod jobs;
mod query;
mod sessions;
mod spark_ui;
mod statements;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware::{from_fn, from_fn_with_state},
    response::{Html, Response},
    routing::get,
};
use serde_json::json;

use crate::{
    auth::{Authenticator, only_loopback, require_token},
    batches::Batches,
    body::MAX_BODY_BYTES,
    reply::ok,
    sessions::Sessions,
};

pub(crate) fn router(
    sessions: Arc<Sessions>,
    batches: Arc<Batches>,
    authenticator: Authenticator,
) -> Router {
    let spark_ui = spark_ui::routes().with_state((sessions.clone(), authenticator.clone()));
    let sessions = Router::new()
        .merge(sessions::routes())
        .merge(statements::routes())
        .merge(jobs::routes())
        .merge(files::routes())
        .with_state(sessions);
    Router::new()
        .merge(sessions)
        .merge(batches::routes().with_state(batches))
        .route("/version", get(version))
        .route("/", get(home_page))
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn_with_state(authenticator, require_token))
        .merge(spark_ui)
        .layer(from_fn(only_loopback))
}

/// Answers a browser. A real Livy shows its sessions here.
async fn home_page() -> Html<&'static str> {
    Html(
        "<html><title>livy-local</title><body>Livy's REST protocol on this machine's Spark.</body></html>",
    )
}

async fn not_found() -> (StatusCode, Html<&'static str>) {
    (StatusCode::NOT_FOUND, Html(""))
}

/// Answers the version of Livy whose protocol this is. `branch` shows that this is not the real one.
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
