//! Time limits of the doctor's checks.

use std::time::Duration;

/// How long one request or name look-up may take.
pub const CHECK_LIMIT: Duration = Duration::from_secs(5);
/// It is shorter than [`CHECK_LIMIT`], so that a connection that hangs can be told from an answer that
/// does not come.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(4);
