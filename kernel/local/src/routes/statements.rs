//! [`/sessions/{session}/statements`](https://livy.apache.org/docs/latest/rest-api.html#get-sessionssessionidstatements), and completion.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Query, State},
    routing::{get, post},
};
use serde::Serialize;
use serde_json::json;

use crate::{
    body::Body,
    kind::Kind,
    refusal::Refusal,
    reply::{created, ok},
    request::{Complete, ExecuteStatement},
    routes::query::{Answer, Page, Parameters, id, number},
    session::Session,
    sessions::{SessionHandle, Sessions},
    statement::Statement,
};

pub(super) fn routes() -> Router<Arc<Sessions>> {
    Router::new()
        .route("/sessions/{session}/completion", post(complete))
        .route("/sessions/{session}/statements", get(list).post(execute))
        .route("/sessions/{session}/statements/{statement}", get(show))
        .route("/sessions/{session}/statements/{statement}/cancel", post(cancel))
}

async fn list(
    State(sessions): State<Arc<Sessions>>,
    Path(session): Path<String>,
    Query(parameters): Parameters,
) -> Answer {
    let handle = sessions.find(&session)?;
    let from = number(&parameters, "from")?.unwrap_or(0);
    let page = Page { from, size: number(&parameters, "size")?.unwrap_or(i64::MAX) };
    let newest_first =
        parameters.get("order").is_some_and(|order| order.trim().eq_ignore_ascii_case("desc"));
    handle.read(|session| {
        session.ensure_active()?;
        let shown: Vec<&Statement> = if newest_first {
            page.of(session.statements().rev()).collect()
        } else {
            page.of(session.statements()).collect()
        };
        Ok(ok(&StatementPage { total_statements: session.statements().len(), statements: shown }))
    })
}

#[derive(Serialize)]
struct StatementPage<'a> {
    total_statements: usize,
    statements: Vec<&'a Statement>,
}

async fn execute(
    State(sessions): State<Arc<Sessions>>,
    Path(session): Path<String>,
    Body(body): Body,
) -> Answer {
    let handle = sessions.find(&session)?;
    let request = ExecuteStatement::parse(&body)?;
    let id = submit(&handle, request)?;
    handle.read(|session| {
        let statement = session.statement(id).ok_or(Refusal::StatementNotFound)?;
        Ok(created(&format!("/sessions/{}/statements/{id}", session.id()), statement))
    })
}

fn submit(handle: &SessionHandle, request: ExecuteStatement) -> Result<u64, Refusal> {
    let default = handle.read(|session| session.ensure_running().map(|()| session.kind()))?;
    let (code, kind) = request.resolve(default)?;
    Ok(handle.command(|session, now| session.submit(code, kind, now)))
}

async fn show(
    State(sessions): State<Arc<Sessions>>,
    Path((session, statement)): Path<(String, String)>,
) -> Answer {
    let handle = sessions.find(&session)?;
    let statement = id(&statement)?;
    handle.read(|session| {
        session.ensure_active()?;
        session.statement(statement).map(ok).ok_or(Refusal::StatementNotFound)
    })
}

async fn cancel(
    State(sessions): State<Arc<Sessions>>,
    Path((session, statement)): Path<(String, String)>,
) -> Answer {
    let handle = sessions.find(&session)?;
    let statement = id(&statement)?;
    handle.read(Session::ensure_running)?;
    handle.command(|session, now| ((), session.cancel(statement, now)));
    Ok(ok(&json!({"msg": "canceled"})))
}

/// Completes Scala only, as Livy does.
async fn complete(
    State(sessions): State<Arc<Sessions>>,
    Path(session): Path<String>,
    Body(body): Body,
) -> Answer {
    let handle = sessions.find(&session)?;
    let request = Complete::parse(&body)?;
    handle.read(Session::ensure_running)?;
    handle.change(|session, _| session.on_activity());
    let candidates = match request.resolve()? {
        (code, cursor, Kind::Spark) => {
            handle.complete(code, cursor).await.map_err(|_| Refusal::NotActive)?
        }
        _ => Vec::new(),
    };
    Ok(ok(&json!({"candidates": candidates})))
}
