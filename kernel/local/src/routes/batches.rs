//! `/batches`

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use serde_json::json;

use super::{Answer, Parameters, log_page, number, slice};
use crate::batch::Batch;
use crate::batches::Batches;
use crate::body::Body;
use crate::reply::{created, ok};
use crate::request::CreateBatch;

pub(super) fn routes() -> Router<Arc<Batches>> {
    Router::new()
        .route("/batches", get(list).post(create))
        .route("/batches/{batch}", get(show).delete(delete))
        .route("/batches/{batch}/state", get(show_state))
        .route("/batches/{batch}/log", get(show_log))
}

async fn list(State(batches): State<Arc<Batches>>, Query(parameters): Parameters) -> Answer {
    let from = number(&parameters, "from")?.unwrap_or(0);
    let size = number(&parameters, "size")?.unwrap_or(100);
    let all = batches.all();
    let shown: Vec<_> = slice(all.iter(), from, size).map(|live| live.read(Batch::view)).collect();
    Ok(ok(&json!({"from": from, "total": all.len(), "sessions": shown})))
}

async fn create(State(batches): State<Arc<Batches>>, Body(body): Body) -> Answer {
    let live = batches.create(CreateBatch::parse(&body)?)?;
    Ok(live.read(|batch| created(&format!("/batches/{}", batch.id()), &batch.view())))
}

async fn show(State(batches): State<Arc<Batches>>, Path(batch): Path<String>) -> Answer {
    Ok(ok(&batches.find(&batch)?.read(Batch::view)))
}

async fn delete(State(batches): State<Arc<Batches>>, Path(batch): Path<String>) -> Answer {
    let live = batches.find(&batch)?;
    batches.delete(&live).await;
    Ok(ok(&json!({"msg": "deleted"})))
}

async fn show_state(State(batches): State<Arc<Batches>>, Path(batch): Path<String>) -> Answer {
    let (id, state) = batches.find(&batch)?.read(|batch| (batch.id(), batch.state()));
    Ok(ok(&json!({"id": id, "state": state})))
}

async fn show_log(
    State(batches): State<Arc<Batches>>,
    Path(batch): Path<String>,
    Query(parameters): Parameters,
) -> Answer {
    let live = batches.find(&batch)?;
    live.read(|batch| log_page(batch.id(), batch.log(), &parameters))
}
