//! `/sessions/{session}/jobs`, which the REST page leaves out.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};

use super::{Answer, id};
use crate::body::Body;
use crate::job::sent;
use crate::reply::{json_reply, nothing, ok};
use crate::request::SubmitJob;
use crate::session::Session;
use crate::sessions::Sessions;

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
    let live = sessions.find(&session)?;
    let job = SubmitJob::parse(&body)?;
    live.read(Session::ensure_running)?;
    let id = live.command(|session, _| session.submit_job(job));
    Ok(json_reply(StatusCode::CREATED, &sent(id)))
}

async fn show(
    State(sessions): State<Arc<Sessions>>,
    Path((session, job)): Path<(String, String)>,
) -> Answer {
    let live = sessions.find(&session)?;
    let job = id(&job)?;
    live.change(|session, _| session.tell_job(job)).map(|job| ok(&job))
}

async fn cancel(
    State(sessions): State<Arc<Sessions>>,
    Path((session, job)): Path<(String, String)>,
) -> Answer {
    let live = sessions.find(&session)?;
    let job = id(&job)?;
    live.change(|session, _| session.cancel_job(job));
    Ok(nothing())
}
