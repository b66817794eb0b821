//! [Completion](https://livy.apache.org/docs/latest/rest-api.html#post-sessionssessionidcompletion).
//! A real Livy 0.9 has candidates for kind `spark` alone and answers an empty list for the others.

use serde::{Deserialize, Serialize};

use crate::{Ability, Id, Request};

/// [`POST /sessions/{session}/completion`](https://livy.apache.org/docs/latest/rest-api.html#post-sessionssessionidcompletion):
/// names that could stand before the cursor.
pub fn complete(session: &Id, at: &CompletionRequest) -> Request<Candidates> {
    Request::post(&["sessions", session.as_str(), "completion"])
        .json(at)
        .needing(Ability::Completion)
}

/// The body of [`complete`].
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct CompletionRequest {
    /// The code.
    pub code: String,
    /// Its kind; the server wants one even if the session has it.
    pub kind: String,
    /// Where the cursor stands, in UTF-16 units as the JVM counts.
    pub cursor: usize,
}

/// The reply: whole names, each to replace the word before the cursor.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Candidates {
    /// The names.
    #[serde(default)]
    pub candidates: Vec<String>,
}
