//! [`/sessions`](https://livy.apache.org/docs/latest/rest-api.html#get-sessions).

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Query, State},
    routing::{get, post},
};
use serde_json::json;

use crate::{
    body::Body,
    reply::{created, ok},
    request::CreateSession,
    routes::query::{Answer, Page, Parameters, log_page},
    session::Session,
    sessions::Sessions,
};

pub(super) fn routes() -> Router<Arc<Sessions>> {
    Router::new()
        .route("/sessions", get(list).post(create))
        .route("/sessions/{session}", get(show).delete(delete))
        .route("/sessions/{session}/state", get(show_state))
        .route("/sessions/{session}/log", get(show_log))
        .route("/sessions/{session}/connect", post(connect))
}

async fn list(State(sessions): State<Arc<Sessions>>, Query(parameters): Parameters) -> Answer {
    let page = Page::parse(&parameters)?;
    let all = sessions.registry().all();
    let shown: Vec<_> = page.of(all.iter()).map(|handle| handle.read(Session::view)).collect();
    Ok(ok(&json!({"from": page.from, "total": all.len(), "sessions": shown})))
}

async fn create(State(sessions): State<Arc<Sessions>>, Body(body): Body) -> Answer {
    let handle = sessions.create(CreateSession::parse(&body)?)?;
    Ok(handle.read(|session| created(&format!("/sessions/{}", session.id()), &session.view())))
}

async fn show(State(sessions): State<Arc<Sessions>>, Path(session): Path<String>) -> Answer {
    Ok(ok(&sessions.find(&session)?.read(Session::view)))
}

/// Answers as `show` does. Livy counts this as activity, which a GET is not.
async fn connect(State(sessions): State<Arc<Sessions>>, Path(session): Path<String>) -> Answer {
    let handle = sessions.find(&session)?;
    handle.change(|session, _| session.on_activity());
    Ok(ok(&handle.read(Session::view)))
}

async fn delete(State(sessions): State<Arc<Sessions>>, Path(session): Path<String>) -> Answer {
    let handle = sessions.find(&session)?;
    sessions.registry().delete(&*handle).await;
    Ok(ok(&json!({"msg": "deleted"})))
}

async fn show_state(State(sessions): State<Arc<Sessions>>, Path(session): Path<String>) -> Answer {
    let handle = sessions.find(&session)?;
    Ok(handle.read(|session| ok(&json!({"id": session.id(), "state": session.state().as_str()}))))
}

async fn show_log(
    State(sessions): State<Arc<Sessions>>,
    Path(session): Path<String>,
    Query(parameters): Parameters,
) -> Answer {
    let handle = sessions.find(&session)?;
    handle.read(|session| log_page(session.id(), session.log(), &parameters))
}
