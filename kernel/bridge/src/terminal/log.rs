//! `log`: shows the last lines of a log, or follows it to its end.

use std::{io, time::Duration};

use livy_client::{Id, ResendPolicy, SessionState, Troubles};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    platform::task,
    server::{
        log_follower::{self, LogFollower},
        log_window::{self, News},
        resource::Resource,
    },
    settings::Settings,
    terminal::{
        cli::LogOptions,
        error::CommandError,
        server::{connect, way_to},
        streams::{print, print_json, warn},
    },
};

/// Lets a follower survive a restart of the server.
const RESTART_TOLERANT: ResendPolicy =
    ResendPolicy { within: Duration::from_secs(120), throttled_within: Duration::from_secs(120) };

/// Shows the last lines of a log, or follows it.
///
/// # Errors
///
/// Fails if the server refuses or cannot be reached, or if a followed batch does not succeed.
pub async fn log(
    settings: &Settings,
    resource: Resource,
    options: &LogOptions,
) -> Result<(), CommandError> {
    let (id, json) = (Id::from(options.id.as_str()), options.output.json);
    let client = way_to(resource, &connect(settings, ResendPolicy::NEVER)?, &id).await?;
    if options.follow {
        // A server that cannot be reached is reported at once; only one that answered is retried.
        resource.ask::<Value>(&client, resource.get(&id)).await?;
        return follow(settings, resource, &id, json).await;
    }
    let log = log_follower::all_lines(resource, &client, &id).await?;
    let mut lines = log_window::lines(&log);
    let last = lines.split_off(lines.len().saturating_sub(options.lines));
    match json {
        true => print_json(&last)?,
        false => last.iter().try_for_each(print)?,
    }
    Ok(())
}

/// Shows a log to its end.
///
/// # Errors
///
/// Fails like [`log`].
pub async fn follow(
    settings: &Settings,
    resource: Resource,
    id: &Id,
    json: bool,
) -> Result<(), CommandError> {
    match (resource, show_to_end(settings, resource, id, json).await?) {
        (Resource::Session, _) | (_, Some(SessionState::Success)) => Ok(()),
        (Resource::Batch, Some(state)) => Err(CommandError::EndedBadly(id.clone(), state)),
        (Resource::Batch, None) => Err(CommandError::Deleted(id.clone())),
    }
}

/// Shows a log to its end, and returns the last state; `None` if the session or batch was deleted.
async fn show_to_end(
    settings: &Settings,
    resource: Resource,
    id: &Id,
    json: bool,
) -> Result<Option<SessionState>, CommandError> {
    let client = way_to(resource, &connect(settings, RESTART_TOLERANT)?, id).await?;
    task::spawn_detached("it reported trouble", report_trouble(client.troubles()));
    let mut following = LogFollower::new(resource, client, id.clone());
    while let Some(news) = following.next().await? {
        show(&news, json)?;
    }
    Ok(following.end)
}

/// Says once for each outage that requests are retried, since otherwise this looks like a hang.
async fn report_trouble(mut troubles: watch::Receiver<Troubles>) {
    let mut reported = false;
    while troubles.changed().await.is_ok() {
        let now = troubles.borrow_and_update().longest().cloned();
        match now {
            Some(trouble) if !reported => {
                warn(format!("{}; retrying for two minutes", trouble.reason));
                reported = true;
            }
            Some(_) => {}
            None => reported = false,
        }
    }
}

fn show(news: &News, json: bool) -> io::Result<()> {
    if news.gap {
        warn("some lines are missing: the log grew faster than it could be read");
    }
    news.lines.iter().try_for_each(|line| match json {
        true => print_json(&json!({ "line": line })),
        false => print(line),
    })
}
