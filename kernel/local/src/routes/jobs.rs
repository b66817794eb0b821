//! `/sessions/{session}/jobs`, which Livy has and its REST API document does not mention.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};

use crate::{
    body::Body,
    job::sent,
    reply::{empty, json_reply, ok},
    request::SubmitJob,
    routes::query::{Answer, id},
    session::Session,
    sessions::Sessions,
};

pub(super) fn routes() -> Router<Arc<Sessions>> {
    Router::new()
        .route("/sessions/{session}/submit-job", post(submit))
        .route("/sessions/{session}/run-job", post(submit))
        .route("/sessions/{session}/jobs/{job}", get(show))
        .route("/sessions/{session}/jobs/{job}/cancel", post(cancel))
}

async fn submit(
    State(sessions): State<Arc<Sessions>>,
    Path(session): Path<String>,
    Body(body): Body,
) -> Answer {
    let handle = sessions.find(&session)?;
    let job = SubmitJob::parse(&body)?;
    handle.read(Session::ensure_running)?;
    let id = handle.command(|session, _| session.submit_job(job));
    Ok(json_reply(StatusCode::CREATED, &sent(id)))
}

async fn show(
    State(sessions): State<Arc<Sessions>>,
    Path((session, job)): Path<(String, String)>,
) -> Answer {
    let handle = sessions.find(&session)?;
    let job = id(&job)?;
    handle.change(|session, _| session.take_job(job)).map(|job| ok(&job))
}

async fn cancel(
    State(sessions): State<Arc<Sessions>>,
    Path((session, job)): Path<(String, String)>,
) -> Answer {
    let handle = sessions.find(&session)?;
    let job = id(&job)?;
    handle.change(|session, _| session.cancel_job(job));
    Ok(empty())
}
