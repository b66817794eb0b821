//! What a session asks of the process that runs its code, and what it hears from it.
//!
//! The two are joined by a pair of channels and nothing else: closing the commands asks the interpreter to end, and
//! when the last sender of events is gone, so is the interpreter.

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::batch::{BatchEvent, Submission};
use crate::kind::Kind;
use crate::statement::Output;

/// What a session needs to know when its interpreter starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Launch {
    /// Number of the session.
    pub session: u64,
    /// Language of its statements, unless they say another.
    pub kind: Kind,
    /// Properties of the Spark application.
    pub conf: BTreeMap<String, String>,
    /// At most this many rows of a SQL result are returned.
    pub sql_rows: usize,
}

/// What a session asks of its interpreter.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Run this. The next one comes only after the answer to this one.
    Execute {
        /// Number of the statement, and name of its Spark job group.
        statement: u64,
        /// Language of the code.
        kind: Kind,
        /// The user's code: never logged.
        code: String,
    },
    /// End the Spark jobs of this statement, now and for as long as it runs.
    Cancel {
        /// Number of the statement.
        statement: u64,
    },
    /// Run this beside the statements.
    Job {
        /// Number of the job.
        id: u64,
        /// A pickled callable, as base64.
        job: String,
    },
    /// Say how Scala code may go on, even while a statement runs.
    Complete {
        /// Number of the completion.
        id: u64,
        /// The user's code: never logged.
        code: String,
        /// Where in the code, in Java's characters.
        cursor: i64,
    },
}

/// What a session hears from its interpreter.
#[derive(Debug)]
pub enum Event {
    /// It can run statements.
    Ready(Application),
    /// The process, or one of its children, wrote a line.
    Log(String),
    /// The part of the known Spark tasks that is done, 0 to 1.
    Progress {
        /// Number of the statement.
        statement: u64,
        /// From 0 to 1; it falls when another job starts.
        progress: f64,
    },
    /// A statement is over.
    Done {
        /// Number of the statement.
        statement: u64,
        /// What it answered.
        output: Output,
    },
    /// A job is over.
    JobEnded {
        /// Number of the job.
        id: u64,
        /// What it returned, as Livy encodes it, or what it raised.
        end: Result<String, String>,
    },
    /// A completion is over.
    Completed {
        /// Number of the completion.
        id: u64,
        /// What may replace the word before the cursor.
        candidates: Vec<String>,
    },
}

/// The Spark application behind a session.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Application {
    /// Spark's application id.
    pub id: Option<String>,
    /// Where Spark's own pages are.
    pub spark_ui_url: Option<String>,
}

/// Starts an interpreter for each session, and an application for each batch.
pub trait Launcher: Send + Sync + 'static {
    /// Returns at once. The interpreter lives until `commands` closes, and then ends within a second and a half.
    fn launch(
        &self,
        launch: Launch,
        commands: mpsc::UnboundedReceiver<Command>,
        events: mpsc::UnboundedSender<Event>,
    );

    /// Returns at once. The application runs until it ends or `stop` is cancelled, which kills it.
    fn submit(
        &self,
        submission: Submission,
        stop: CancellationToken,
        events: mpsc::UnboundedSender<BatchEvent>,
    );
}
