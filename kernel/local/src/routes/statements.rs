//! `/sessions/{session}/statements`, and completion.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use serde_json::json;

use super::{Answer, Parameters, id, number, slice};
use crate::body::Body;
use crate::kind::Kind;
use crate::refusal::Refusal;
use crate::reply::{created, ok};
use crate::request::{Complete, ExecuteStatement};
use crate::session::Session;
use crate::sessions::{Live, Sessions};
use crate::statement::Statement;

pub(super) fn routes() -> Router<Arc<Sessions>> {
    Router::new()
        .route("/sessions/{session}/completion", post(complete))
        .route("/sessions/{session}/statements", get(list_statements).post(execute))
        .route("/sessions/{session}/statements/{statement}", get(show_statement))
        .route("/sessions/{session}/statements/{statement}/cancel", post(cancel))
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
    let statement = id(&statement)?;
    live.read(|session| {
        session.ensure_active()?;
        session.statement(statement).map(ok).ok_or(Refusal::StatementNotFound)
    })
}

async fn cancel(
    State(sessions): State<Arc<Sessions>>,
    Path((session, statement)): Path<(String, String)>,
) -> Answer {
    let live = sessions.find(&session)?;
    let statement = id(&statement)?;
    live.read(Session::ensure_running)?;
    live.command(|session, now| ((), session.cancel(statement, now)));
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
