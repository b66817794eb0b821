//! What a kernel knows of its session.

use std::time::Instant;

use livy_client::{Client, Id, Session, Trouble};

use crate::{
    error::CellError,
    session::{handle::SessionHandle, loss::Loss},
};

/// What is known of the session.
#[derive(Clone, Debug)]
pub enum State {
    /// There is no session.
    Absent,
    /// The session starts, or is being recovered.
    Starting(Starting),
    /// The session takes statements.
    Ready(SessionHandle),
    /// The session could not be started or recovered.
    Failed(CellError),
    /// The session took statements and has ended without the kernel's doing.
    Lost(Loss),
}

impl State {
    /// The id of the session that there is, that starts, or that was lost.
    pub fn session_id(&self) -> Option<&Id> {
        match self {
            Self::Ready(handle) => Some(&handle.session.id),
            Self::Starting(starting) => starting.session_id(),
            Self::Lost(loss) => Some(&loss.id),
            Self::Absent | Self::Failed(_) => None,
        }
    }
}

/// A session that starts, or is being recovered.
#[derive(Clone, Debug)]
pub struct Starting {
    /// When this began.
    pub since: Instant,
    /// The server in words, once it is known.
    pub server: String,
    /// What the server last said of the session, once it said anything.
    pub session: Option<Session>,
    /// Asks the server, once that is known.
    pub client: Option<Client>,
    /// The session of a killed kernel that is being recovered; none for a new session.
    pub recovered: Option<Id>,
}

impl Starting {
    /// Begins now.
    pub fn now(recovered: Option<Id>) -> Self {
        let since = Instant::now();
        Self { since, server: String::new(), session: None, client: None, recovered }
    }

    /// The session's id, once it is known.
    pub fn session_id(&self) -> Option<&Id> {
        self.session.as_ref().map(|session| &session.id).or(self.recovered.as_ref())
    }

    /// Returns why the server does not answer, if it has not for a while.
    pub fn trouble(&self) -> Option<Trouble> {
        self.client.as_ref()?.troubles().borrow().longest().cloned()
    }
}
