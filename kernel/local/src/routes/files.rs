//! `/sessions/{session}/add-file`, which Livy has and its REST API document does not mention.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    routing::post,
};

use crate::{
    body::Body, refusal::Refusal, reply::empty, request::AddFile, routes::query::Answer,
    session::Session, sessions::Sessions,
};

pub(super) fn routes() -> Router<Arc<Sessions>> {
    Router::new().route("/sessions/{session}/add-file", post(add))
}

/// Answers when the session's Python has added the file.
async fn add(
    State(sessions): State<Arc<Sessions>>,
    Path(session): Path<String>,
    Body(body): Body,
) -> Answer {
    let handle = sessions.find(&session)?;
    let uri = AddFile::parse(&body)?.resolve()?;
    handle.read(Session::ensure_active)?;
    match handle.add_file(uri).await {
        Ok(Ok(())) => Ok(empty()),
        Ok(Err(error)) => Err(Refusal::python_proxy(&error)),
        Err(_) => Err(Refusal::NotActive),
    }
}
