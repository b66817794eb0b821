//! Remembers the inputs of this kernel and of earlier ones, for `history_request`.
//!
//! A thread of its own owns the history, so that a slow disk cannot hold up the kernel.

mod archive;
mod file;
mod glob;
mod input;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::mpsc,
    thread,
    time::Duration,
};

use jupyter_wire::content::HistoryRequest;
use tokio::sync::oneshot;

use crate::{
    history::archive::{Archive, Found},
    kind::Kind,
};

/// How long a kernel that ends waits for its inputs to be written.
const FLUSH_LIMIT: Duration = Duration::from_millis(500);

/// How many bytes an output may have to be remembered.
const OUTPUT_SIZE_LIMIT: usize = 64 << 10;

/// A handle of the thread that owns the history; cheap to clone.
#[derive(Clone)]
pub struct History {
    tasks: mpsc::Sender<Task>,
}

enum Task {
    Add(u32, String),
    AddOutput(u32, String),
    Find(HistoryRequest, oneshot::Sender<Found>),
    Flush(oneshot::Sender<()>),
}

impl History {
    /// Starts the history of a language, kept in a folder if one is given.
    pub fn open(kind: Kind, folder: Option<PathBuf>) -> Self {
        let (tasks, received) = mpsc::channel();
        let mut archive = Archive::open(kind, folder.as_deref());
        let work = move || received.into_iter().for_each(|task| survive(&mut archive, task));
        if let Err(error) = thread::Builder::new().name("history".to_owned()).spawn(work) {
            tracing::warn!(
                "inputs are not remembered, since a thread could not be started: {error}"
            );
        }
        Self { tasks }
    }

    /// Keeps an input.
    pub fn add(&self, line: u32, code: &str) {
        // Sending fails only if there is no thread; cells run without a history.
        let _ = self.tasks.send(Task::Add(line, code.to_owned()));
    }

    /// Remembers the output of an input of this session, unless it is large.
    pub fn add_output(&self, line: u32, text: &str) {
        if text.len() <= OUTPUT_SIZE_LIMIT {
            let _ = self.tasks.send(Task::AddOutput(line, text.to_owned()));
        }
    }

    /// Answers a
    /// [`history_request`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#history).
    pub async fn find(&self, request: HistoryRequest) -> Found {
        let (sender, found) = oneshot::channel();
        let _ = self.tasks.send(Task::Find(request, sender));
        found.await.unwrap_or_default()
    }

    /// Waits until all inputs are written, or for half a second.
    pub async fn flush(&self) {
        let (sender, flushed) = oneshot::channel();
        let _ = self.tasks.send(Task::Flush(sender));
        let _ = tokio::time::timeout(FLUSH_LIMIT, flushed).await;
    }
}

/// Does a task; if it panics, the history goes on with the next one.
fn survive(archive: &mut Archive, task: Task) {
    if catch_unwind(AssertUnwindSafe(|| carry_out(archive, task))).is_err() {
        tracing::error!("the history failed in a task, and goes on with the next one");
    }
}

fn carry_out(archive: &mut Archive, task: Task) {
    // Answers are lost if the request was dropped meanwhile.
    match task {
        Task::Add(line, code) => archive.add(line, code),
        Task::AddOutput(line, text) => archive.add_output(line, text),
        Task::Find(request, found) => drop(found.send(archive.find(&request))),
        Task::Flush(flushed) => drop(flushed.send(())),
    }
}
