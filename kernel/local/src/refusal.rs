//! Livy's ways to say no: some bodies are `{"msg": …}`, some a bare string.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::body::MAX_BODY;
use crate::reply::json_reply;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("Session '{0}' not found.")]
    SessionNotFound(String),
    #[error("Statement not found")]
    StatementNotFound,
    #[error("Rejected, Reason: {0}")]
    Rejected(String),
    #[error("Rejected, too many sessions are being created!")]
    TooMany,
    #[error("The request is larger than {} MiB. Let the code read large data from a file.", MAX_BODY >> 20)]
    TooLarge,
    #[error("requirement failed: Session isn't active.")]
    NotActive,
    #[error("requirement failed: no job provided.")]
    NoJob,
    #[error("java.lang.IllegalStateException: Session is in state {0}")]
    NotRunning(&'static str),
    #[error("For input string: \"{0}\"")]
    NotANumber(String),
    /// The body could not be read.
    #[error("{0}")]
    Malformed(String),
    /// The body could be read but not obeyed.
    #[error("{0}")]
    Failed(String),
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Refusal::SessionNotFound(_) | Refusal::StatementNotFound => StatusCode::NOT_FOUND,
            Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Rejected(_)
            | Refusal::TooMany
            | Refusal::NotActive
            | Refusal::NoJob
            | Refusal::NotANumber(_)
            | Refusal::Malformed(_) => StatusCode::BAD_REQUEST,
            Refusal::NotRunning(_) | Refusal::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn is_bare_string(&self) -> bool {
        matches!(
            self,
            Refusal::StatementNotFound
                | Refusal::Malformed(_)
                | Refusal::NotRunning(_)
                | Refusal::Failed(_)
        )
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let text = self.to_string();
        let body = if self.is_bare_string() { json!(text) } else { json!({"msg": text}) };
        json_reply(self.status(), &body)
    }
}
