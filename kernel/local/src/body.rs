//! Reads a request's body as JSON whatever its content type, as a real Livy does with everything but a form.

use std::time::Duration;

use axum::{
    body::{Bytes, HttpBody},
    extract::{FromRequest, Request},
    http::StatusCode,
};
use tokio::time::timeout;

use crate::refusal::Refusal;

/// How large a body may be: a cell may carry a large literal.
pub(crate) const MAX_BODY_BYTES: usize = 64 << 20;
const TOO_LARGE: Refusal = Refusal::TooLarge { limit_mib: MAX_BODY_BYTES >> 20 };

/// How long the whole body may take to arrive. The text of `Refusal::TooSlow` names this limit.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// The bytes of a request's body.
pub(crate) struct Body(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        // A body whose length was declared is refused before a byte of it is read.
        if request.body().size_hint().lower() > MAX_BODY_BYTES as u64 {
            return Err(TOO_LARGE);
        }
        read(request, state, BODY_TIMEOUT).await.map(Self)
    }
}

async fn read(
    request: Request,
    state: &(impl Send + Sync),
    within: Duration,
) -> Result<Bytes, Refusal> {
    let whole = timeout(within, Bytes::from_request(request, state));
    whole.await.map_err(|_| Refusal::TooSlow)?.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => TOO_LARGE,
        _ => Refusal::Malformed(rejection.body_text()),
    })
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        pin::Pin,
        task::{Context, Poll},
    };

    use hyper::body::Frame;
    use tokio::time::{Sleep, sleep};

    use super::*;

    /// A body that sends a byte every few milliseconds, for ever.
    struct Trickle(Pin<Box<Sleep>>);

    impl Trickle {
        fn new() -> Self {
            Self(Box::pin(sleep(Duration::from_millis(5))))
        }
    }

    impl HttpBody for Trickle {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0.as_mut().poll(context).map(|()| {
                *self = Self::new();
                Some(Ok(Frame::data(Bytes::from_static(b" "))))
            })
        }
    }

    #[tokio::test]
    async fn a_body_that_trickles_is_refused_at_last() {
        let request = Request::new(axum::body::Body::new(Trickle::new()));
        let refused = read(request, &(), Duration::from_millis(100)).await.unwrap_err();
        assert_eq!(refused, Refusal::TooSlow);
    }
}
