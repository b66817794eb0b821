//! All batches of a server, each with the task that follows its process.

use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    batch::{Batch, BatchEvent},
    conf,
    interpreter::Launcher,
    lock::lock,
    refusal::Refusal,
    registry::{Entry, Registry},
    request::CreateBatch,
};

pub(crate) struct Batches {
    launcher: Arc<dyn Launcher>,
    registry: Registry<BatchHandle>,
}

impl Batches {
    pub(crate) fn new(launcher: Arc<dyn Launcher>) -> Arc<Self> {
        Arc::new(Self { launcher, registry: Registry::default() })
    }

    pub(crate) fn registry(&self) -> &Registry<BatchHandle> {
        &self.registry
    }

    pub(crate) fn create(
        self: &Arc<Self>,
        request: CreateBatch,
    ) -> Result<Arc<BatchHandle>, Refusal> {
        let name = request.application.name.clone();
        self.registry.add(name.clone().as_deref(), |id| {
            let submission = conf::submission(request)?;
            let handle = Arc::new(BatchHandle::new(Batch::new(id, name)));
            let (sender, events) = mpsc::unbounded_channel();
            self.launcher.submit(submission, handle.stop.clone(), sender);
            tokio::spawn(handle.clone().supervise(self.clone(), events));
            tracing::info!(batch = id, "a batch starts");
            Ok(handle)
        })
    }
}

/// A batch and the means to end its process.
pub(crate) struct BatchHandle {
    batch: Mutex<Batch>,
    /// Cancelled to kill the process.
    stop: CancellationToken,
    ended: CancellationToken,
}

impl Entry for BatchHandle {
    fn id(&self) -> u64 {
        self.read(Batch::id)
    }

    fn is_named(&self, name: &str) -> bool {
        self.read(|batch| batch.name() == Some(name))
    }

    fn ended(&self) -> &CancellationToken {
        &self.ended
    }

    fn request_stop(&self) {
        self.stop.cancel();
    }
}

impl BatchHandle {
    fn new(batch: Batch) -> Self {
        let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
        Self { batch: Mutex::new(batch), stop, ended }
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&Batch) -> T) -> T {
        look(&lock(&self.batch))
    }

    /// Follows the process to its end, and forgets the batch when Livy would.
    async fn supervise(
        self: Arc<Self>,
        batches: Arc<Batches>,
        events: mpsc::UnboundedReceiver<BatchEvent>,
    ) {
        let following = tokio::spawn(self.clone().follow(events));
        if let Err(error) = following.await {
            tracing::error!(%error, "a batch ends, since its task has failed");
            self.stop.cancel();
        }
        lock(&self.batch).on_end();
        self.ended.cancel();
        tracing::info!(batch = self.read(Batch::id), "a batch ended");
        batches.registry.forget_later(&self).await;
    }

    /// Applies the events of the process until it is gone.
    async fn follow(self: Arc<Self>, mut events: mpsc::UnboundedReceiver<BatchEvent>) {
        while let Some(event) = events.recv().await {
            lock(&self.batch).on_event(event);
        }
    }
}
