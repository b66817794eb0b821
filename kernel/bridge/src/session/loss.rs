//! A session that has ended without the kernel's doing: how that is noticed, and what the user reads.

use std::time::{Duration, SystemTime};

use livy_client::{Client, Error, Id, Session, SessionState, session};
use tokio::time::sleep;

use crate::{
    error::CellError,
    session::{diagnosis, handle::SessionHandle},
};

/// How many lines of a session's log are read to learn why it ended; Livy keeps 200 of each stream.
const LOG_LINES_READ: i64 = 200;
/// How long Livy may take to write the last lines of a log.
const LAST_LINES_DELAY: Duration = Duration::from_millis(700);
/// The waits before a server that does not know the session is asked again: a load balancer may choose
/// another server.
const BALANCER_RETRIES: [Duration; 3] = [Duration::ZERO; 3];
/// The waits before it is asked once more if a balancer's cookie leads to it: a balancer sends its clients
/// elsewhere for a moment if a server is slow to answer its checks.
const PINNED_RETRIES: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(1), Duration::from_secs(2)];
/// How many lines of a log are shown.
pub const LOG_LINES_SHOWN: usize = 10;

/// Why another session may have the id, and what to do.
const SERVER_REPLACED: &str = "The server was restarted or replaced, or a load balancer spreads requests over \
     several servers. Its administrator can make it send each client to one server.";

/// Why a server may seem not to know a session that it had a moment ago, and what to do.
const NO_AFFINITY: &str = "If a load balancer is in front of several Livys, it may have asked another one: its \
     administrator can make it send each client to one server (affinity).";

/// A session that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The session's id.
    pub id: Id,
    /// Why it has ended, as far as the server says.
    pub why: String,
    /// What to do about that.
    next: &'static str,
    /// The lines of its log that may be of use.
    log: Vec<String>,
}

impl Loss {
    /// Explains the end of a session by its log and its state; without a state Livy does not know it any
    /// more.
    pub(super) fn new(id: Id, state: Option<&SessionState>, log: &[String]) -> Self {
        let mut shown = diagnosis::relevant_lines(log, LOG_LINES_SHOWN);
        let diagnosed = diagnosis::cause_of_end(log);
        if let Some((_, line)) = diagnosed
            && !shown.iter().any(|shown| shown == line.trim_end())
        {
            shown.insert(0, line.trim_end().to_owned());
        }
        let cause = diagnosed.map(|(cause, _)| cause);
        let why = cause.map_or_else(|| of_state(state), |cause| cause.what.to_owned());
        Self {
            id,
            why: with_state(why, state),
            next: cause.map_or("", |cause| cause.next),
            log: shown,
        }
    }

    /// The lines of the session's log that may be of use.
    pub fn log(&self) -> &[String] {
        &self.log
    }

    /// Reports a session that its server does not know.
    pub fn unknown(id: Id) -> Self {
        Self::new(id, None, &[])
    }

    /// Reports a session that its server does not know, or whose id another session has, as `error` says.
    pub fn missing(id: Id, error: &Error) -> Self {
        let Error::AnotherSession { endpoint, difference, .. } = error else {
            return Self { next: NO_AFFINITY, ..Self::unknown(id) };
        };
        let why = format!(
            "Livy at {endpoint} has another session {id} now, to which nothing was sent ({difference})"
        );
        Self { id, why, next: SERVER_REPLACED, log: Vec::new() }
    }

    /// Reports a session of a pool that another kernel has taken.
    pub fn taken(id: Id) -> Self {
        let why = "while this kernel was gone, another one has taken it from the pool".to_owned();
        Self { id, why, next: "", log: Vec::new() }
    }

    /// Reports a session that has ended with the process that runs Spark on this machine.
    pub fn with_server(id: Id) -> Self {
        let why = "the process that runs Spark on this machine was killed".to_owned();
        Self { id, why, next: "The machine may have run out of memory.", log: Vec::new() }
    }

    /// Says in a sentence what happened.
    pub fn sentence(&self) -> String {
        format!("Livy session {} is gone: {}. Its variables are lost.", self.id, self.why)
    }

    /// Makes the error of a cell that ran, or was to run.
    pub fn failure(&self, next: &str) -> CellError {
        let next = format!("{} {next}", self.next);
        CellError::new("SessionLost", self.sentence(), next.trim_start())
            .with_lines(self.log.iter().cloned())
    }

    /// Makes the warning before the outputs of a cell that runs in a new session.
    pub fn warning(&self) -> String {
        let lines = [
            self.sentence(),
            format!("{} This cell has a new session.", self.next).trim_start().to_owned(),
        ];
        let all: Vec<String> = lines.into_iter().chain(self.log.iter().cloned()).collect();
        all.join("\n") + "\n"
    }
}

fn of_state(state: Option<&SessionState>) -> String {
    match state {
        None => "Livy does not know it any more, so it was deleted or has expired, or Livy was restarted",
        Some(SessionState::Dead) => "its driver has ended, and its log does not say why",
        Some(SessionState::Error) => "its interpreter has ended",
        Some(SessionState::Killed) => "its application was killed",
        Some(SessionState::ShuttingDown) => "it is being shut down",
        Some(SessionState::Success) => "its application has ended",
        Some(_) => "it has ended",
    }
    .to_owned()
}

fn with_state(why: String, state: Option<&SessionState>) -> String {
    match state {
        Some(state) => format!("{why} (its state is {state})"),
        None => why,
    }
}

/// What a server says when it is asked whether a session is still there.
pub enum Liveness {
    /// The session is there.
    Alive,
    /// The session has ended.
    Gone(Loss),
    /// Several servers answer in turn, and only one of them has the session.
    Alternates,
    /// The server does not say.
    Unknown,
}

/// Whether an error says that the server has no such session, or another one of its id.
pub fn is_session_missing(error: &Error) -> bool {
    error.is_not_found() || matches!(error, Error::AnotherSession { .. })
}

/// Asks for a session, and returns also whether the server said first that it has none.
///
/// # Errors
///
/// Those of the server and of the way to it, once it has said several times that it has no such session.
pub async fn look(client: &Client, id: &Id) -> Result<(Session, bool), Error> {
    let first = match client.send(session::get(id)).await {
        Err(error) if is_session_missing(&error) => error,
        answer => return answer.map(|session| (session, false)),
    };
    let is_pinned = !client.cookie_names().is_empty();
    let more = if is_pinned { &PINNED_RETRIES[..] } else { &[] };
    for wait in BALANCER_RETRIES.iter().chain(more) {
        sleep(*wait).await;
        match client.send(session::get(id)).await {
            Err(error) if is_session_missing(&error) => {}
            answer => return answer.map(|session| (session, true)),
        }
    }
    Err(first)
}

/// Says that only some requests reach the session.
pub fn alternates(handle: &SessionHandle) -> String {
    format!(
        "several servers answer in turn at {}, and only one of them has session {}",
        handle.client.endpoint(),
        handle.session.id
    )
}

/// Asks whether a session is still there.
pub async fn probe(handle: &SessionHandle) -> Liveness {
    let id = &handle.session.id;
    match look(&handle.client, id).await {
        Ok((session, _)) if session.state.is_over() => {
            let log = log_to_its_end(&handle.client, id).await;
            Liveness::Gone(Loss::new(id.clone(), Some(&session.state), &log))
        }
        Ok((_, was_elsewhere)) => {
            handle.lifetime().note_heartbeat(SystemTime::now());
            if was_elsewhere { Liveness::Alternates } else { Liveness::Alive }
        }
        Err(error) if is_session_missing(&error) => {
            let loss = Loss::missing(id.clone(), &error);
            let over = handle.lifetime().expired_limit(SystemTime::now());
            Liveness::Gone(over.map_or(loss.clone(), |why| Loss { why, ..loss }))
        }
        Err(_) if handle.connection.is_gone().await => {
            Liveness::Gone(Loss::with_server(id.clone()))
        }
        Err(_) => Liveness::Unknown,
    }
}

/// Explains why a session has ended before it took statements.
pub async fn start_failure(client: &Client, session: &session::Session) -> CellError {
    let log = log_to_its_end(client, &session.id).await;
    let Loss { id, why, next, log } = Loss::new(session.id.clone(), Some(&session.state), &log);
    let what = format!("Livy session {id} ended while it started: {why}");
    let next = format!("{next} Run the cell again to start another.");
    CellError::new("SessionStartError", what, next.trim_start()).with_lines(log)
}

/// Reads the log of a session that has ended. Livy may be slow to write why.
async fn log_to_its_end(client: &Client, id: &Id) -> Vec<String> {
    let soon = log(client, id).await;
    if diagnosis::cause_of_end(&soon).is_some() {
        return soon;
    }
    sleep(LAST_LINES_DELAY).await;
    log(client, id).await
}

/// Reads the end of a session's log, if the server has one.
async fn log(client: &Client, id: &Id) -> Vec<String> {
    let page = client.send(session::log(id, Some(-1), Some(LOG_LINES_READ))).await;
    page.map(|page| page.log).unwrap_or_default()
}
