//! Watches the tasks that own the sockets. Without one of them the kernel could never receive or send
//! there again, so a panic in one is reported.

use std::future::pending;

use tokio::{sync::watch, task::JoinSet};
use tracing::error;

/// The tasks, which end when this is dropped.
pub(crate) struct Tasks {
    panicked: watch::Receiver<bool>,
    _watching: JoinSet<()>,
}

impl Tasks {
    pub fn watch(tasks: JoinSet<()>) -> Self {
        let (panics, panicked) = watch::channel(false);
        let mut watching = JoinSet::new();
        watching.spawn(watch(tasks, panics));
        Self { panicked, _watching: watching }
    }

    /// Returns when a task has panicked, if ever.
    pub async fn panicked(&self) {
        if self.panicked.clone().wait_for(|panicked| *panicked).await.is_err() {
            pending().await
        }
    }
}

/// A task that ends without a panic is one whose channel is not used any more.
async fn watch(mut tasks: JoinSet<()>, panics: watch::Sender<bool>) {
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended
            && error.is_panic()
        {
            error!(%error, "the task of a channel has died");
            panics.send_replace(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_is_reported_and_one_that_ends_is_not() {
        let (dies, lives) = tokio::sync::oneshot::channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(async {});
        tasks.spawn(async {
            let () = lives.await.unwrap();
            panic!("a test of panics")
        });
        let tasks = Tasks::watch(tasks);
        timeout(Duration::from_millis(50), tasks.panicked()).await.unwrap_err();
        dies.send(()).unwrap();
        timeout(Duration::from_secs(5), tasks.panicked()).await.unwrap();
    }

    #[tokio::test]
    async fn tasks_that_have_all_ended_have_not_panicked() {
        let mut tasks = JoinSet::new();
        tasks.spawn(async {});
        let tasks = Tasks::watch(tasks);
        timeout(Duration::from_millis(50), tasks.panicked()).await.unwrap_err();
    }
}
