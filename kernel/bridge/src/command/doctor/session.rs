//! Whether Spark starts behind the server.

use std::time::{Duration, Instant};

use livy_client::{
    Client, Error, PollPolicy, Session,
    session::{self, NewSession},
};

use super::{
    LIMIT,
    report::{Finding, Report},
};
use crate::command::{log, terminal::warn};

/// A cluster that has room needs less.
const STARTED_WITHIN: Duration = Duration::from_secs(180);
/// The server ends the session by itself if this program is ended before.
const HEARTBEAT_SECONDS: u32 = 60;
/// Lines of a log that a person still reads.
const LINES: i64 = 100_000;
const LAST: usize = 20;

/// Starts a session, if that is asked for: it takes a while, and room on the cluster.
pub async fn session(report: &mut Report, client: &Client, asked_for: bool) {
    match asked_for || report.is_broken() {
        true => report.check("session", probe(client)).await,
        false => report.add("session", Finding::skip("not asked for: --session starts one")),
    }
}

async fn probe(client: &Client) -> Finding {
    let mut new = NewSession { kind: Some("pyspark".to_owned()), ..Default::default() };
    new.application.name = Some(format!("livy-kernel-doctor-{}", uuid::Uuid::new_v4()));
    new.heartbeat_timeout_in_second = Some(HEARTBEAT_SECONDS);
    warn(format!("starting a session, for up to {} minutes", STARTED_WITHIN.as_secs() / 60));
    let begun = Instant::now();
    let session = match client.create_session(&new).await {
        Ok(session) => session,
        Err(error) => return unasked(&error),
    };
    let finding = match started(client, session.clone()).await {
        Ok(session) if session.state.is_ready() => {
            Finding::ok(format!("Spark started within {:.0} s", begun.elapsed().as_secs_f64()))
        }
        Ok(session) => not_started(client, &session).await,
        Err(error) => unasked(&error),
    };
    // Whatever is left is ended by the server when nobody asks for it any more.
    let _ = client.send(session::delete(&session.id).answer_within(LIMIT)).await;
    finding
}

async fn started(client: &Client, mut session: Session) -> Result<Session, Error> {
    let (begun, mut polls) = (Instant::now(), PollPolicy::SESSION.start());
    while session.state.is_starting() && begun.elapsed() < STARTED_WITHIN {
        polls.wait().await;
        session = client.send(session::get(&session.id)).await?;
    }
    Ok(session)
}

fn unasked(error: &Error) -> Finding {
    Finding::fail(error.to_string(), "ask whoever runs the server why it starts no session")
}

async fn not_started(client: &Client, session: &Session) -> Finding {
    let log = client.send(session::log(&session.id, Some(0), Some(LINES))).await;
    let mut lines = log::lines(&log.map_or_else(|_| session.log.clone(), |log| log.log));
    let (found, remedy) = match session.state.is_over() {
        true => ("ended while it started", "the log above tells why"),
        false => ("is still starting", "the cluster may be full; look at its own pages"),
    };
    Finding {
        log: lines.split_off(lines.len().saturating_sub(LAST)),
        ..Finding::fail(format!("the session {found} (state {})", session.state), remedy)
    }
}
