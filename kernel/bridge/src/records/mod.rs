//! What is written down of the work of kernels, for those who run a platform: the audit, a line for each session,
//! statement, cancel, transfer and login that fails, and the metrics, which are counts alone.
//!
//! A thread of its own writes, so that a slow disk holds up nothing else. A statement is noted before it is sent, in a
//! file of this kernel's ([`pending`]), and gets its line at its end. What a killed kernel has noted is taken over by
//! the next one of this user, so that the statement is told once, whatever happens in between.

mod audit;
mod destination;
mod event;
mod metrics;
mod metrics_file;
mod of_session;
mod pending;
mod person;
mod syslog;
mod writer;

pub use audit::{Audit, AuditError};
pub use destination::Destination;
pub use event::{
    Event, SessionEnd, SessionFacts, SessionStart, StatementEnd, TransferEnd, milliseconds,
};
pub use metrics::{Count, Counters};
pub use metrics_file::{default_path, read};
pub use of_session::SessionRecords;
pub use pending::Sent;
pub use person::Person;

use std::{path::PathBuf, sync::mpsc, thread, time::Duration};

use tokio::{sync::oneshot, time::timeout};
use uuid::Uuid;

use crate::records::writer::{Task, Writer};

/// A disk may hang: nothing waits longer than this for it.
const DISK_LIMIT: Duration = Duration::from_secs(5);

/// The way to the thread that writes.
#[derive(Clone, Debug)]
pub struct Records {
    tasks: mpsc::Sender<Task>,
    is_audited: bool,
    has_code: bool,
}

impl Records {
    /// Starts the thread that writes to these audits, and counts in this file.
    pub fn start(audits: Vec<Audit>, metrics: Option<PathBuf>) -> Self {
        let (tasks, received) = mpsc::channel();
        let is_audited = !audits.is_empty();
        let has_code = audits.iter().any(|audit| audit.has_code);
        let writer = Writer::new(audits, metrics);
        let spawned = thread::Builder::new()
            .name("records".to_owned())
            .spawn(move || writer.write_all(&received));
        if let Err(error) = spawned {
            tracing::warn!("nothing is counted or audited: {error}");
        }
        Self { tasks, is_audited, has_code }
    }

    /// Records nothing.
    pub fn none() -> Self {
        Self { tasks: mpsc::channel().0, is_audited: false, has_code: false }
    }

    /// Whether there is an audit, so that statements are told when they end.
    pub fn is_audited(&self) -> bool {
        self.is_audited
    }

    /// Whether an audit has the code of statements.
    pub fn has_code(&self) -> bool {
        self.has_code
    }

    /// Checks that something could be told.
    ///
    /// # Errors
    ///
    /// There is an audit, and it cannot be written: then nothing must be sent.
    pub async fn check(&self) -> Result<(), AuditError> {
        match self.is_audited {
            true => self.ask(Task::Check).await,
            false => Ok(()),
        }
    }

    /// Notes that a statement is about to be sent.
    ///
    /// # Errors
    ///
    /// There is an audit, and it cannot be written: then the statement must not be sent.
    pub async fn begin(&self, sent: Sent) -> Result<(), AuditError> {
        match self.is_audited {
            true => self.ask(|answer| Task::Begin(Box::new(sent), answer)).await,
            false => Ok(()),
        }
    }

    async fn ask(
        &self,
        task: impl FnOnce(oneshot::Sender<Result<(), AuditError>>) -> Task,
    ) -> Result<(), AuditError> {
        let (answer, answered) = oneshot::channel();
        self.send(task(answer));
        match timeout(DISK_LIMIT, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(AuditError::writer_has_ended()),
            Err(_) => Err(AuditError::disk_hangs()),
        }
    }

    /// Notes the number that Livy has given a statement.
    pub fn is_sent(&self, id: Uuid, statement: String) {
        self.send_to_audit(|| Task::HasNumber(id, statement));
    }

    /// Notes that a statement has certainly not arrived.
    pub fn is_not_sent(&self, id: Uuid) {
        self.send_to_audit(|| Task::Forget(id));
    }

    /// Tells how a statement has ended. Only the first end of a statement counts.
    pub fn ended(&self, id: Uuid, end: StatementEnd) {
        self.send_to_audit(|| Task::End(id, end));
    }

    /// Tells something else that has happened.
    pub fn note(&self, event: Event) {
        self.send(Task::Note(Box::new(event)));
    }

    /// Counts something that is not audited.
    pub fn count(&self, count: Count) {
        self.send(Task::Count(count));
    }

    /// Takes over the statements that killed kernels of this user have sent and not told.
    pub async fn take_leftovers(&self) -> Vec<Sent> {
        if !self.is_audited {
            return Vec::new();
        }
        let (answer, answered) = oneshot::channel();
        self.send(Task::TakeLeftovers(answer));
        timeout(DISK_LIMIT, answered).await.ok().and_then(Result::ok).unwrap_or_default()
    }

    /// Waits until everything so far is in its file, and leaves no file that has nothing.
    pub async fn written(&self) {
        let (sender, written) = oneshot::channel();
        self.send(Task::Reach(sender));
        if timeout(DISK_LIMIT, written).await.is_err() {
            tracing::warn!("the disk hangs, so that not everything may be counted or audited");
        }
    }

    fn send_to_audit(&self, task: impl FnOnce() -> Task) {
        if self.is_audited {
            self.send(task());
        }
    }

    fn send(&self, task: Task) {
        // It fails only if there is no thread, which the log has said.
        let _ = self.tasks.send(task);
    }
}
