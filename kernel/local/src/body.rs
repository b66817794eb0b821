//! A request's body, whatever its content type: a real Livy takes plain text for JSON too, and only a form not.

use axum::body::{Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;

use crate::refusal::Refusal;

/// A cell may carry a large literal.
pub(crate) const MAX_BODY: usize = 64 << 20;

pub(crate) struct Body(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        // Before a byte of it was read, if its length was told.
        if request.body().size_hint().lower() > MAX_BODY as u64 {
            return Err(Refusal::TooLarge);
        }
        match Bytes::from_request(request, state).await {
            Ok(bytes) => Ok(Self(bytes)),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Refusal::TooLarge)
            }
            Err(rejection) => Err(Refusal::Malformed(rejection.body_text())),
        }
    }
}
