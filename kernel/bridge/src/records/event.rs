//! What is told in an audit, as its lines have it. Pure.

use std::time::Duration;

use livy_client::Identity;
use serde::{Deserialize, Serialize};

/// A time as lines have it, in whole milliseconds.
pub fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A session, as its server tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionFacts {
    /// The server's address, without credentials.
    pub server: String,
    /// The session's id.
    pub session: String,
    /// Its name.
    pub session_name: Option<String>,
    /// The Spark application's id, once there is one.
    pub application: Option<String>,
    /// The user who created it, as the server knows him.
    pub owner: Option<String>,
    /// The user it runs as.
    pub proxy_user: Option<String>,
}

impl SessionFacts {
    /// Whether both are the same session.
    pub fn is(&self, other: &Self) -> bool {
        self.server == other.server
            && self.session == other.session
            && self.session_name == other.session_name
    }

    /// The facts of a session of this server.
    pub fn new(server: String, identity: &Identity, proxy_user: Option<String>) -> Self {
        Self {
            server,
            session: identity.id.to_string(),
            session_name: identity.name.clone(),
            application: identity.app_id.clone(),
            owner: identity.owner.clone(),
            proxy_user,
        }
    }
}

/// How a kernel came to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStart {
    /// It has started it.
    Started,
    /// Others had started it.
    Joined,
    /// It was free in a pool.
    Taken,
    /// It was that of a killed kernel.
    Recovered,
    /// None came.
    Failed,
}

/// How a kernel lost a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// The kernel has ended it.
    Ended,
    /// It was given back to its pool.
    Returned,
    /// It goes on without the kernel.
    Left,
    /// It has ended without the kernel's doing.
    Lost,
}

impl SessionEnd {
    /// What has become of a statement that ran in it; none if it goes on.
    pub fn of_statements(self) -> Option<&'static str> {
        match self {
            Self::Ended => Some("cancelled"),
            Self::Lost => Some("lost"),
            Self::Returned | Self::Left => None,
        }
    }
}

/// How a statement has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StatementEnd {
    /// `ok`, `error`, `cancelled`, `lost` (with its session) or `unknown`.
    pub state: &'static str,
    /// The name of its error.
    pub error: Option<String>,
    /// The milliseconds from when it was sent.
    pub ms: Option<u64>,
    /// The milliseconds in which it ran, as Livy says.
    pub ran_ms: Option<u64>,
    /// The rows of the table that it gave.
    pub rows: Option<u64>,
    /// The bytes of its output, as JSON.
    pub bytes: Option<u64>,
}

impl StatementEnd {
    /// An end of which nothing else is known.
    pub fn of(state: &'static str) -> Self {
        Self { state, ..Self::default() }
    }
}

/// How a transfer has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TransferEnd {
    /// `upload` (to the driver) or `download`.
    pub direction: &'static str,
    /// The file, as the user has named it, or the variable.
    pub name: String,
    /// `ok`, `error` or `cancelled`.
    pub state: &'static str,
    /// The milliseconds that it took.
    pub ms: u64,
    /// The bytes that were sent.
    pub bytes: u64,
}

/// A statement, as its line has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatementLine {
    /// Its session.
    #[serde(flatten)]
    pub session: SessionFacts,
    /// Its number, if Livy has told it.
    pub statement: Option<String>,
    /// `cell`, or `kernel` for what that runs by itself.
    pub source: String,
    /// Its language.
    pub kind: String,
    /// The hash of the code, as the user has written it.
    pub sha256: String,
    /// That code, if the audit wants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Its end.
    #[serde(flatten)]
    pub end: StatementEnd,
}

/// Something that is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A kernel has a session, or does not get one.
    Session {
        /// The session.
        #[serde(flatten)]
        session: SessionFacts,
        /// Its language.
        kind: String,
        /// How the kernel came to it.
        state: SessionStart,
        /// The milliseconds that it took.
        ms: u64,
        /// Why none came.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A kernel has a session no longer.
    SessionEnd {
        /// The session.
        #[serde(flatten)]
        session: SessionFacts,
        /// How the kernel lost it.
        state: SessionEnd,
    },
    /// A statement has ended.
    Statement(Box<StatementLine>),
    /// The user stops a statement.
    Cancel {
        /// Its session.
        #[serde(flatten)]
        session: SessionFacts,
        /// Its number.
        statement: String,
    },
    /// A file or variable was carried, or not.
    Transfer {
        /// The session.
        #[serde(flatten)]
        session: SessionFacts,
        /// Its end.
        #[serde(flatten)]
        end: TransferEnd,
    },
    /// A batch was submitted, or refused.
    Batch {
        /// The server's address, without credentials.
        server: String,
        /// Its id, if it was submitted.
        batch: Option<String>,
        /// Its name.
        name: Option<String>,
        /// The file that it runs.
        file: String,
        /// The user it runs as.
        proxy_user: Option<String>,
        /// `ok` or `error`.
        state: &'static str,
    },
    /// The server does not accept who asks, or does not prove who it is.
    Login {
        /// The server's address, without credentials.
        server: String,
        /// What is wrong.
        reason: String,
    },
}
