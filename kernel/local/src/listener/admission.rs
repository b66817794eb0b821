//! Limits the connections that have not shown the token: ten thousand of them take no more memory and files than the
//! few that may be open at once.

use std::collections::VecDeque;

use tokio::task::AbortHandle;

use crate::listener::connection::Connection;

/// How many unauthenticated connections may be open. An honest client shows the token within milliseconds.
const MAX_UNAUTHENTICATED: usize = 64;

/// The connections that have not shown the token, the newest last.
#[derive(Default)]
pub(super) struct Admission(VecDeque<(Connection, AbortHandle)>);

impl Admission {
    pub(super) fn add(&mut self, connection: Connection, task: AbortHandle) {
        self.0.push_back((connection, task));
    }

    /// Evicts the oldest connection if no more may be open. Returns its task, which the caller must end.
    pub(super) fn evict_oldest(&mut self) -> Option<AbortHandle> {
        self.0.retain(|(connection, task)| !connection.is_authenticated() && !task.is_finished());
        while self.0.len() >= MAX_UNAUTHENTICATED {
            let (connection, task) = self.0.pop_front()?;
            if connection.evict() {
                return Some(task);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::task::JoinSet;

    use super::*;

    /// As many unauthenticated connections as may be open, and their tasks.
    fn full() -> (Admission, Vec<Connection>, JoinSet<()>) {
        let (mut admission, mut connections, mut tasks) =
            (Admission::default(), Vec::new(), JoinSet::new());
        for _ in 0..MAX_UNAUTHENTICATED {
            let connection = Connection::new();
            connections.push(connection.clone());
            admission.add(connection, tasks.spawn(pending()));
        }
        (admission, connections, tasks)
    }

    #[tokio::test]
    async fn the_oldest_is_evicted_when_no_more_may_be_open() {
        let (mut admission, connections, _tasks) = full();
        assert!(admission.evict_oldest().is_some());
        assert!(!connections[0].authenticate() && connections[1].authenticate());
    }

    #[tokio::test]
    async fn an_authenticated_connection_is_not_counted() {
        let (mut admission, connections, _tasks) = full();
        assert!(connections[7].authenticate());
        assert!(admission.evict_oldest().is_none());
    }

    #[tokio::test]
    async fn a_connection_that_has_ended_is_not_counted() {
        let (mut admission, _connections, mut tasks) = full();
        tasks.abort_all();
        while tasks.join_next().await.is_some() {}
        assert!(admission.evict_oldest().is_none());
    }
}
