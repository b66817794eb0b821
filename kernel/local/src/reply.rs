//! Answers with the headers that Livy sends.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

const JSON: &str = "application/json;charset=utf-8";

pub(crate) fn json_reply(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(body) => (status, [(header::CONTENT_TYPE, JSON)], body).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

pub(crate) fn ok(body: &impl Serialize) -> Response {
    json_reply(StatusCode::OK, body)
}

/// Answers without a body, which Livy declares as JSON too.
pub(crate) fn empty() -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, JSON)]).into_response()
}

/// Answers 201 with the path of the new object.
pub(crate) fn created(location: &str, body: &impl Serialize) -> Response {
    let mut response = json_reply(StatusCode::CREATED, body);
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
