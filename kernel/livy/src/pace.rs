//! How often a server may be asked.

use std::fmt;

use async_trait::async_trait;

/// Says when a server may be asked next, for example as often as the user has allowed all programs
/// together.
#[async_trait]
pub trait Pace: fmt::Debug + Send + Sync {
    /// Waits until it is this request's turn.
    async fn turn(&self);
}
