//! [Completion](https://livy.apache.org/docs/latest/rest-api.html#post-sessionssessionidcompletion).
//! Livy 0.9 has candidates for the kind `spark` alone, and answers an empty list for the others.

use serde::{Deserialize, Serialize};

use crate::{Feature, Id, Request};

/// [`POST /sessions/{session}/completion`](https://livy.apache.org/docs/latest/rest-api.html#post-sessionssessionidcompletion):
/// asks for names that could stand before the cursor.
pub fn complete(session: &Id, request: &CompletionRequest) -> Request<Candidates> {
    Request::post(&["sessions", session.as_str(), "completion"])
        .json(request)
        .needing(Feature::Completion)
}

/// The body of [`complete`].
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct CompletionRequest {
    /// The whole cell.
    pub code: String,
    /// The code's kind; the server demands one even if the session has one.
    pub kind: String,
    /// The cursor's position in UTF-16 units, as the JVM counts.
    pub cursor: usize,
}

/// The reply to [`complete`].
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Candidates {
    /// Whole names, each to replace the word before the cursor.
    #[serde(default)]
    pub candidates: Vec<String>,
}
