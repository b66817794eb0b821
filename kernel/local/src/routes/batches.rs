//! [`/batches`](https://livy.apache.org/docs/latest/rest-api.html#get-batches).

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Query, State},
    routing::get,
};
use serde_json::json;

use crate::{
    batch::Batch,
    batches::Batches,
    body::Body,
    reply::{created, ok},
    request::CreateBatch,
    routes::query::{Answer, Page, Parameters, log_page},
};

pub(super) fn routes() -> Router<Arc<Batches>> {
    Router::new()
        .route("/batches", get(list).post(create))
        .route("/batches/{batch}", get(show).delete(delete))
        .route("/batches/{batch}/state", get(show_state))
        .route("/batches/{batch}/log", get(show_log))
}

async fn list(State(batches): State<Arc<Batches>>, Query(parameters): Parameters) -> Answer {
    let page = Page::parse(&parameters)?;
    let all = batches.registry().all();
    let shown: Vec<_> = page.of(all.iter()).map(|handle| handle.read(Batch::view)).collect();
    Ok(ok(&json!({"from": page.from, "total": all.len(), "sessions": shown})))
}

async fn create(State(batches): State<Arc<Batches>>, Body(body): Body) -> Answer {
    let handle = batches.create(CreateBatch::parse(&body)?)?;
    Ok(handle.read(|batch| created(&format!("/batches/{}", batch.id()), &batch.view())))
}

async fn show(State(batches): State<Arc<Batches>>, Path(batch): Path<String>) -> Answer {
    Ok(ok(&batches.registry().find(&batch)?.read(Batch::view)))
}

async fn delete(State(batches): State<Arc<Batches>>, Path(batch): Path<String>) -> Answer {
    let handle = batches.registry().find(&batch)?;
    batches.registry().delete(&*handle).await;
    Ok(ok(&json!({"msg": "deleted"})))
}

async fn show_state(State(batches): State<Arc<Batches>>, Path(batch): Path<String>) -> Answer {
    let handle = batches.registry().find(&batch)?;
    Ok(handle.read(|batch| ok(&json!({"id": batch.id(), "state": batch.state()}))))
}

async fn show_log(
    State(batches): State<Arc<Batches>>,
    Path(batch): Path<String>,
    Query(parameters): Parameters,
) -> Answer {
    let handle = batches.registry().find(&batch)?;
    handle.read(|batch| log_page(batch.id(), batch.log(), &parameters))
}
