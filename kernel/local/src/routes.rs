//! Livy's REST resources.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::json;

use crate::auth::{Token, guard};
use crate::body::{Body, MAX_BODY};
use crate::kind::Kind;
use crate::refusal::Refusal;
use crate::reply::{created, ok};
use crate::request::{Complete, CreateSession, ExecuteStatement};
use crate::session::Session;
use crate::sessions::{Live, Sessions};
use crate::statement::Statement;

type Parameters = Query<HashMap<String, String>>;
type Answer = Result<Response, Refusal>;

pub(crate) fn router(sessions: Arc<Sessions>, token: Token) -> Router {
    Router::new()
        .route("/sessions", get(list_sessions).post(create_session))
        .route("/sessions/{session}", get(show_session).delete(delete_session))
        .route("/sessions/{session}/state", get(show_state))
        .route("/sessions/{session}/log", get(show_log))
        .route("/sessions/{session}/connect", post(connect))
        .route("/sessions/{session}/completion", post(complete))
        .route("/sessions/{session}/statements", get(list_statements).post(execute))
        .route("/sessions/{session}/statements/{statement}", get(show_statement))
        .route("/sessions/{session}/statements/{statement}/cancel", post(cancel))
        .route("/version", get(version))
        .with_state(sessions)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(axum::middleware::from_fn_with_state(token, guard))
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
    let from = number(&parameters, "from")?.unwrap_or(-1);
    let size = number(&parameters, "size")?.unwrap_or(100);
    Ok(live.read(|session| {
        let (from, lines) = session.log().page(from, size);
        ok(&json!({"id": session.id(), "from": from, "total": session.log().total(), "log": lines}))
    }))
}

async fn list_statements(
    State(sessions): State<Arc<Sessions>>,
    Path(session): Path<String>,
    Query(parameters): Parameters,
) -> Answer {
    let live = sessions.find(&session)?;
    let from = number(&parameters, "from")?.unwrap_or(0);
    let size = number(&parameters, "size")?.unwrap_or(i64::MAX);
    let newest_first =
        parameters.get("order").is_some_and(|order| order.trim().eq_ignore_ascii_case("desc"));
    live.read(|session| {
        session.ensure_active()?;
        let shown: Vec<&Statement> = if newest_first {
            slice(session.statements().rev(), from, size).collect()
        } else {
            slice(session.statements(), from, size).collect()
        };
        Ok(ok(&StatementPage { total_statements: session.statements().len(), statements: shown }))
    })
}

#[derive(serde::Serialize)]
struct StatementPage<'a> {
    total_statements: usize,
    statements: Vec<&'a Statement>,
}

async fn execute(
    State(sessions): State<Arc<Sessions>>,
    Path(session): Path<String>,
    Body(body): Body,
) -> Answer {
    let live = sessions.find(&session)?;
    let request = ExecuteStatement::parse(&body)?;
    let id = submit(&live, request)?;
    live.read(|session| {
        let statement = session.statement(id).ok_or(Refusal::StatementNotFound)?;
        Ok(created(&format!("/sessions/{}/statements/{id}", session.id()), statement))
    })
}

fn submit(live: &Live, request: ExecuteStatement) -> Result<u64, Refusal> {
    let default = live.read(|session| session.ensure_running().map(|()| session.kind()))?;
    let (code, kind) = request.resolve(default)?;
    Ok(live.command(|session, now| session.submit(code, kind, now)))
}

async fn show_statement(
    State(sessions): State<Arc<Sessions>>,
    Path((session, statement)): Path<(String, String)>,
) -> Answer {
    let live = sessions.find(&session)?;
    let id = statement_id(&statement)?;
    live.read(|session| {
        session.ensure_active()?;
        session.statement(id).map(ok).ok_or(Refusal::StatementNotFound)
    })
}

async fn cancel(
    State(sessions): State<Arc<Sessions>>,
    Path((session, statement)): Path<(String, String)>,
) -> Answer {
    let live = sessions.find(&session)?;
    let id = statement_id(&statement)?;
    live.read(Session::ensure_running)?;
    live.command(|session, now| ((), session.cancel(id, now)));
    Ok(ok(&json!({"msg": "canceled"})))
}

/// Livy completes Scala only, so the agent in the session completes Python.
async fn complete(
    State(sessions): State<Arc<Sessions>>,
    Path(session): Path<String>,
    Body(body): Body,
) -> Answer {
    let live = sessions.find(&session)?;
    let request = Complete::parse(&body)?;
    live.read(Session::ensure_running)?;
    live.change(|session, _| session.on_activity());
    let candidates = match request.resolve()? {
        (code, cursor, Kind::Spark) => {
            live.complete(code, cursor).await.map_err(|_| Refusal::NotActive)?
        }
        _ => Vec::new(),
    };
    Ok(ok(&json!({"candidates": candidates})))
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

fn number(parameters: &HashMap<String, String>, name: &str) -> Result<Option<i64>, Refusal> {
    let Some(text) = parameters.get(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Refusal::NotANumber(text.clone()))
}

fn statement_id(text: &str) -> Result<u64, Refusal> {
    text.parse().map_err(|_| Refusal::NotANumber(text.to_owned()))
}

/// From `from` up to `from + size`, where what is below zero does not exist.
fn slice<T>(items: impl Iterator<Item = T>, from: i64, size: i64) -> impl Iterator<Item = T> {
    let until = usize::try_from(from.saturating_add(size)).unwrap_or(0);
    let from = usize::try_from(from).unwrap_or(0);
    items.take(until).skip(from)
}
