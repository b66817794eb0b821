//! `/ui/KEY`, which shows the Spark UI of a session and is no route of Livy's.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{Html, IntoResponse, Response},
    routing::get,
};

use crate::{
    auth::{Authenticator, evicted},
    sessions::Sessions,
    spark_ui::forward,
};

type Shared = (Arc<Sessions>, Authenticator);

/// Routes only GET, so that no page can kill a job.
pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/ui/{key}", get(show))
        .route("/ui/{key}/", get(show))
        .route("/ui/{key}/{*page}", get(show))
}

async fn show(State((sessions, authenticator)): State<Shared>, request: Request) -> Response {
    let key = request.uri().path().split('/').nth(2).unwrap_or_default().to_owned();
    let Some(spark_url) = sessions.spark_ui_url(&key) else {
        return page(
            StatusCode::NOT_FOUND,
            "No session has its Spark UI at this address. The session may have ended.",
        );
    };
    if !authenticator.accept(&request) {
        return evicted();
    }
    forward(&spark_url, &key, request).await.unwrap_or_else(|error| {
        tracing::debug!("the Spark UI did not answer: {error}");
        page(
            StatusCode::BAD_GATEWAY,
            "The Spark UI does not answer. Spark may have been stopped in the session.",
        )
    })
}

fn page(status: StatusCode, words: &'static str) -> Response {
    (status, Html(words)).into_response()
}
