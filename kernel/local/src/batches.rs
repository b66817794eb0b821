//! All batches of a server, each with the task that listens to its process.

use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::batch::{Batch, BatchEvent};
use crate::conf;
use crate::interpreter::Launcher;
use crate::refusal::Refusal;
use crate::registry::{Entry, Registry};
use crate::request::CreateBatch;
use crate::sessions::{RETAINED, lock};

pub(crate) struct Batches {
    launcher: Arc<dyn Launcher>,
    registry: Mutex<Registry<LiveBatch>>,
}

impl Batches {
    pub(crate) fn new(launcher: Arc<dyn Launcher>) -> Arc<Self> {
        Arc::new(Self { launcher, registry: Mutex::default() })
    }

    pub(crate) fn create(
        self: &Arc<Self>,
        request: CreateBatch,
    ) -> Result<Arc<LiveBatch>, Refusal> {
        let mut registry = lock(&self.registry);
        let name = request.application.name.clone();
        let id = registry.admit(name.as_deref())?;
        let submission = conf::submission(request)?;
        let live = Arc::new(LiveBatch {
            batch: Mutex::new(Batch::new(id, name)),
            stop: CancellationToken::new(),
            gone: CancellationToken::new(),
        });
        let (sender, events) = mpsc::unbounded_channel();
        self.launcher.submit(submission, live.stop.clone(), sender);
        registry.insert(id, live.clone());
        tokio::spawn(live.clone().listen(self.clone(), events));
        tracing::info!(batch = id, "a batch starts");
        Ok(live)
    }

    pub(crate) fn find(&self, id_or_name: &str) -> Result<Arc<LiveBatch>, Refusal> {
        lock(&self.registry).find(id_or_name)
    }

    pub(crate) fn all(&self) -> Vec<Arc<LiveBatch>> {
        lock(&self.registry).all()
    }

    /// Returns when the batch's process is gone.
    pub(crate) async fn delete(&self, live: &LiveBatch) {
        live.stop.cancel();
        live.gone.cancelled().await;
        self.forget(live);
    }

    /// No batch starts from now on, and those that run are killed.
    pub(crate) fn close(&self) -> Vec<Arc<LiveBatch>> {
        lock(&self.registry).close();
        let all = self.all();
        all.iter().for_each(|live| live.stop.cancel());
        all
    }

    /// Closes, and returns when every batch's process is gone.
    pub(crate) async fn stop(&self) {
        for live in self.close() {
            live.gone.cancelled().await;
        }
    }

    fn forget(&self, live: &LiveBatch) {
        lock(&self.registry).forget(live.read(Batch::id));
    }
}

/// A batch and the way to its process.
pub(crate) struct LiveBatch {
    batch: Mutex<Batch>,
    /// Cancelled to kill the process.
    stop: CancellationToken,
    /// Cancelled when the process is gone.
    gone: CancellationToken,
}

impl Entry for LiveBatch {
    fn is_named(&self, name: &str) -> bool {
        self.read(|batch| batch.name() == Some(name))
    }

    fn is_gone(&self) -> bool {
        self.gone.is_cancelled()
    }
}

impl LiveBatch {
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Batch) -> T) -> T {
        look(&lock(&self.batch))
    }

    async fn listen(
        self: Arc<Self>,
        batches: Arc<Batches>,
        mut events: mpsc::UnboundedReceiver<BatchEvent>,
    ) {
        while let Some(event) = events.recv().await {
            lock(&self.batch).on_event(event);
        }
        lock(&self.batch).end();
        self.gone.cancel();
        tracing::info!(batch = self.read(Batch::id), "a batch ended");
        sleep(RETAINED).await;
        batches.forget(&self);
    }
}
