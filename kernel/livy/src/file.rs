//! Files of a session. Livy's documentation leaves the routes out; its own
//! [programmatic API](https://livy.apache.org/docs/latest/programmatic-api.html) uses them.

use serde::de::IgnoredAny;
use serde_json::json;

use crate::{Feature, Id, Request};

/// `POST /sessions/{session}/add-file`: adds a file to the session. The server answers when the session's
/// own process has done that.
pub fn add(session: &Id, uri: &str) -> Request<IgnoredAny> {
    Request::post(&["sessions", session.as_str(), "add-file"])
        .json(&json!({"uri": uri}))
        .needing(Feature::AddFile)
}
