//! Checks whether the server can start a session.

use std::time::{Duration, Instant};

use livy_client::{Client, Error, Identity, PollPolicy, Session, SessionProperties, session};

use crate::{
    policy::Policy,
    server::log_window,
    terminal::{
        doctor::{
            limits::CHECK_LIMIT,
            report::{Finding, Report},
        },
        streams::warn,
    },
};

/// A cluster with free resources needs less.
const START_LIMIT: Duration = Duration::from_secs(180);
/// The server ends the session after this time if this program is killed.
const HEARTBEAT_TIMEOUT_SECONDS: u32 = 60;
/// More lines than any server keeps.
const ALL_LINES: i64 = 100_000;
const SHOWN_LINES: usize = 20;

/// Starts and ends a session, if requested: this takes time, and resources of the cluster.
pub async fn check(report: &mut Report, client: &Client, policy: &Policy, requested: bool) {
    match requested || report.is_broken() {
        true => report.check("session", try_session(client, policy)).await,
        false => report.add("session", Finding::skip("not checked; add --session to start one")),
    }
}

async fn try_session(client: &Client, policy: &Policy) -> Finding {
    let mut new = SessionProperties { kind: Some("pyspark".to_owned()), ..Default::default() };
    new.name = Some(format!("livy-kernel-doctor-{}", uuid::Uuid::new_v4()));
    new.heartbeat_timeout_in_second = Some(HEARTBEAT_TIMEOUT_SECONDS);
    let new = match policy.apply(new) {
        Ok(new) => new,
        Err(error) => {
            return Finding::fail(error.to_string(), "ask the administrator who wrote it");
        }
    };
    warn(format!("starting a session; this may take up to {} minutes", START_LIMIT.as_secs() / 60));
    let begun = Instant::now();
    let session = match client.create_session(&new).await {
        Ok(session) => session,
        Err(error) => return not_created(&error),
    };
    let client = &client.bound_to(Identity::from(&session).with_unique_name(true));
    let finding = match wait_until_started(client, session.clone()).await {
        Ok(session) if session.state.is_ready() => {
            Finding::ok(format!("Spark started in {:.0} s", begun.elapsed().as_secs_f64()))
        }
        Ok(session) => not_started(client, &session).await,
        Err(error) => not_created(&error),
    };
    // If this fails, the server ends the session after its heartbeat timeout.
    let _ = client.send(session::delete(&session.id).answer_within(CHECK_LIMIT)).await;
    finding
}

async fn wait_until_started(client: &Client, mut session: Session) -> Result<Session, Error> {
    let (begun, mut polls) = (Instant::now(), PollPolicy::SESSION.start());
    while session.state.is_starting() && begun.elapsed() < START_LIMIT {
        polls.wait().await;
        session = client.send(session::get(&session.id)).await?;
    }
    Ok(session)
}

fn not_created(error: &Error) -> Finding {
    Finding::fail(error.to_string(), "ask the server's administrator why it starts no session")
}

async fn not_started(client: &Client, session: &Session) -> Finding {
    let log = client.send(session::log(&session.id, Some(0), Some(ALL_LINES))).await;
    let mut lines = log_window::lines(&log.map_or_else(|_| session.log.clone(), |log| log.log));
    let (found, remedy) = match session.state.is_over() {
        true => ("ended before it was ready", "see the log above for the reason"),
        false => {
            ("is still starting", "the cluster may be full; check its resource manager's web page")
        }
    };
    Finding {
        log: lines.split_off(lines.len().saturating_sub(SHOWN_LINES)),
        ..Finding::fail(format!("the session {found} (state {})", session.state), remedy)
    }
}
