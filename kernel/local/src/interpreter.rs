//! The interface between a session and the process that runs its code.
//!
//! Two channels connect them, and nothing else: the session asks the interpreter to end by closing the channel of
//! commands, and the interpreter has ended when the channel of events closes.

use std::{collections::BTreeMap, fmt};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    batch::{BatchEvent, Submission},
    kind::Kind,
    output::Output,
};

/// The settings with which an interpreter starts.
#[derive(Clone, PartialEq)]
pub struct Launch {
    /// Number of the session.
    pub session: u64,
    /// Language of the statements that do not name their own.
    pub kind: Kind,
    /// Properties of the Spark application.
    pub conf: BTreeMap<String, String>,
    /// How many rows of a SQL result are returned at most.
    pub sql_rows: usize,
    /// Secret that a request for the Spark UI must send.
    pub ui_key: String,
}

impl fmt::Debug for Launch {
    /// Leaves out the properties and the key, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Launch")
            .field("session", &self.session)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A command of the session to its interpreter.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Run a statement. The next one is sent only after this one is done.
    Execute {
        /// Number of the statement, which is also the name of its Spark job group.
        statement: u64,
        /// Language of the code.
        kind: Kind,
        /// The user's code, which must not be logged.
        code: String,
    },
    /// End the Spark jobs of this statement, now and for as long as it runs.
    Cancel {
        /// Number of the statement.
        statement: u64,
    },
    /// Run a job beside the statements.
    Job {
        /// Number of the job.
        id: u64,
        /// A pickled callable, as base64.
        job: String,
    },
    /// Add a file to the session, beside the statements.
    AddFile {
        /// Number of the request.
        id: u64,
        /// The address of the file.
        uri: String,
    },
    /// Complete Scala code, even while a statement runs.
    Complete {
        /// Number of the completion.
        id: u64,
        /// The user's code, which must not be logged.
        code: String,
        /// Position of the cursor in the code, in Java's characters (UTF-16).
        cursor: i64,
    },
}

/// What an interpreter reports to its session.
#[derive(Debug)]
pub enum Event {
    /// The interpreter can run statements now.
    Ready(Application),
    /// The process or one of its children wrote a line.
    Log(String),
    /// A statement's Spark tasks make progress.
    Progress {
        /// Number of the statement.
        statement: u64,
        /// Share of the known tasks that are done, from 0 to 1. It falls when another Spark job starts.
        progress: f64,
    },
    /// A statement has ended.
    Done {
        /// Number of the statement.
        statement: u64,
        /// Result or error of the statement.
        output: Output,
    },
    /// A job has ended.
    JobEnded {
        /// Number of the job.
        id: u64,
        /// The value that it returned, as Livy encodes it, or the error that it raised.
        end: Result<String, String>,
    },
    /// A file was added, or could not be.
    FileAdded {
        /// Number of the request.
        id: u64,
        /// The error that Python raised.
        error: Option<String>,
    },
    /// A completion is answered.
    Completed {
        /// Number of the completion.
        id: u64,
        /// Words that may replace the one before the cursor.
        candidates: Vec<String>,
    },
}

/// The Spark application behind a session.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Application {
    /// Spark's application id.
    pub id: Option<String>,
    /// URL at which Spark serves its UI to requests that send the key.
    pub spark_ui_url: Option<String>,
}

/// Starts the interpreter of each session and the application of each batch.
pub trait Launcher: Send + Sync + 'static {
    /// Starts an interpreter, and returns at once. The interpreter lives until `commands` closes, and then ends within
    /// 1.5 seconds.
    fn launch(
        &self,
        launch: Launch,
        commands: mpsc::UnboundedReceiver<Command>,
        events: mpsc::UnboundedSender<Event>,
    );

    /// Starts an application, and returns at once. Cancelling `stop` kills the application.
    fn submit(
        &self,
        submission: Submission,
        stop: CancellationToken,
        events: mpsc::UnboundedSender<BatchEvent>,
    );
}
