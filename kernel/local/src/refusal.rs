//! Requests that are refused, with Livy's own status codes and texts.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::reply::json_reply;

/// Why a request was refused. Its text is the body of the answer.
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
    #[error(
        "The request is larger than {limit_mib} MiB. Let the code read large data from a file."
    )]
    TooLarge { limit_mib: usize },
    #[error(
        "The request did not arrive within a minute. Let the code read large data from a file."
    )]
    TooSlow,
    #[error("requirement failed: Session isn't active.")]
    NotActive,
    #[error("requirement failed: no job provided.")]
    NoJob,
    #[error("requirement failed: Local path {0} cannot be added to user sessions.")]
    LocalFile(String),
    #[error("java.lang.IllegalStateException: Session is in state {0}")]
    NotRunning(&'static str),
    #[error("For input string: \"{0}\"")]
    NotANumber(String),
    /// The body is not the JSON that the route expects.
    #[error("{0}")]
    Malformed(String),
    /// The request was understood, but could not be carried out.
    #[error("{0}")]
    Failed(String),
}

impl Refusal {
    /// What Livy answers when the process of the session refused. (A real Livy adds the stack of that process.)
    pub(crate) fn remote(reason: &str) -> Self {
        Refusal::Failed(format!(
            "java.util.concurrent.ExecutionException: org.apache.livy.rsc.rpc.RpcException: {reason}"
        ))
    }

    /// What Livy answers when a call of the session's Python raised an error.
    pub(crate) fn python_proxy(error: &str) -> Self {
        Refusal::Failed(format!(
            "java.util.concurrent.ExecutionException: java.lang.RuntimeException: py4j.Py4JException: An exception \
             was raised by the Python Proxy. Return Message: {error}"
        ))
    }

    fn status(&self) -> StatusCode {
        match self {
            Refusal::SessionNotFound(_) | Refusal::StatementNotFound => StatusCode::NOT_FOUND,
            Refusal::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Refusal::Rejected(_)
            | Refusal::TooMany
            | Refusal::NotActive
            | Refusal::NoJob
            | Refusal::LocalFile(_)
            | Refusal::NotANumber(_)
            | Refusal::Malformed(_) => StatusCode::BAD_REQUEST,
            Refusal::NotRunning(_) | Refusal::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whether the answer is only a string, where the others are `{"msg": …}`.
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
