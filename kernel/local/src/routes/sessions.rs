//! `/sessions`

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use serde_json::json;

use super::{Answer, Parameters, log_page, number, slice};
use crate::body::Body;
use crate::reply::{created, ok};
use crate::request::CreateSession;
use crate::session::Session;
use crate::sessions::Sessions;

pub(super) fn routes() -> Router<Arc<Sessions>> {
    Router::new()
        .route("/sessions", get(list_sessions).post(create_session))
        .route("/sessions/{session}", get(show_session).delete(delete_session))
        .route("/sessions/{session}/state", get(show_state))
        .route("/sessions/{session}/log", get(show_log))
        .route("/sessions/{session}/connect", post(connect))
}

async fn list_sessions(
    State(sessions): State<Arc<Sessions>>,
    Query(parameters): Parameters,
) -> Answer {
    let from = number(&parameters, "from")?.unwrap_or(0);
    let size = number(&parameters, "size")?.unwrap_or(100);
    let all = sessions.all();
    let shown: Vec<_> =
        slice(all.iter(), from, size).map(|live| live.read(Session::view)).collect();
    Ok(ok(&json!({"from": from, "total": all.len(), "sessions": shown})))
}

async fn create_session(State(sessions): State<Arc<Sessions>>, Body(body): Body) -> Answer {
    let live = sessions.create(CreateSession::parse(&body)?)?;
    Ok(live.read(|session| created(&format!("/sessions/{}", session.id()), &session.view())))
}

async fn show_session(
    State(sessions): State<Arc<Sessions>>,
    Path(session): Path<String>,
) -> Answer {
    Ok(ok(&sessions.find(&session)?.read(Session::view)))
}

/// To Livy this is activity, which a GET is not.
async fn connect(State(sessions): State<Arc<Sessions>>, Path(session): Path<String>) -> Answer {
    let live = sessions.find(&session)?;
    live.change(|session, _| session.on_activity());
    Ok(ok(&live.read(Session::view)))
}

async fn delete_session(
    State(sessions): State<Arc<Sessions>>,
    Path(session): Path<String>,
) -> Answer {
    let live = sessions.find(&session)?;
    sessions.delete(&live).await;
    Ok(ok(&json!({"msg": "deleted"})))
}

async fn show_state(State(sessions): State<Arc<Sessions>>, Path(session): Path<String>) -> Answer {
    let (id, state) =
        sessions.find(&session)?.read(|session| (session.id(), session.state().as_str()));
    Ok(ok(&json!({"id": id, "state": state})))
}

async fn show_log(
    State(sessions): State<Arc<Sessions>>,
    Path(session): Path<String>,
    Query(parameters): Parameters,
) -> Answer {
    let live = sessions.find(&session)?;
    live.read(|session| log_page(session.id(), session.log(), &parameters))
}
