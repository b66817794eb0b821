//! The one way in which a JSON body leaves.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

pub(crate) fn json_reply(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(body) => (status, [(header::CONTENT_TYPE, "application/json;charset=utf-8")], body)
            .into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

pub(crate) fn ok(body: &impl Serialize) -> Response {
    json_reply(StatusCode::OK, body)
}

/// Livy calls this JSON too.
pub(crate) fn nothing() -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/json;charset=utf-8")]).into_response()
}

/// 201, and where the new thing is.
pub(crate) fn created(location: &str, body: &impl Serialize) -> Response {
    let mut response = json_reply(StatusCode::CREATED, body);
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
