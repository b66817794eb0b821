//! Showing a log: its end, or all that comes until there is no more to come.

use std::{
    io,
    time::{Duration, Instant},
};

use livy_client::{Client, Id, ResendPolicy, SessionState, Troubles};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;

use super::{
    CommandError, Resource,
    log::{self, Follower, News},
    server,
    terminal::{say, say_json, warn},
};
use crate::cli::LogOptions;

/// More lines than any server keeps.
const ALL_LINES: i64 = 100_000;
/// A follower outlasts the restart of a server.
const PATIENT: ResendPolicy =
    ResendPolicy { within: Duration::from_secs(120), throttled_within: Duration::from_secs(120) };

/// The part of a session or batch that says whether it goes on.
#[derive(Deserialize)]
struct Progress {
    state: SessionState,
}

/// Shows the last lines of a log, or follows it.
pub async fn log(resource: Resource, options: &LogOptions) -> Result<(), CommandError> {
    let (id, json) = (Id::from(options.id.as_str()), options.output.json);
    let client = server(ResendPolicy::NEVER)?;
    if options.follow {
        // Whoever names a server that is not there is told at once; patience is for what was there.
        resource.ask::<Progress>(&client, resource.get(&id)).await?;
        return follow(resource, &id, json).await;
    }
    let log = all_lines(resource, &client, &id).await?;
    let mut lines = log::lines(&log);
    let last = lines.split_off(lines.len().saturating_sub(options.lines));
    match json {
        true => say_json(&last)?,
        false => last.iter().try_for_each(say)?,
    }
    Ok(())
}

/// The server's headings can be told only where the whole log is seen.
async fn all_lines(
    resource: Resource,
    client: &Client,
    id: &Id,
) -> Result<Vec<String>, CommandError> {
    Ok(resource.ask(client, resource.lines(id, 0, ALL_LINES)).await?.log)
}

/// Shows a log to its end. A batch that did not succeed is a failure.
pub async fn follow(resource: Resource, id: &Id, json: bool) -> Result<(), CommandError> {
    match (resource, to_its_end(resource, id, json).await?) {
        (Resource::Session, _) | (_, Some(SessionState::Success)) => Ok(()),
        (Resource::Batch, Some(state)) => Err(CommandError::EndedBadly(id.clone(), state)),
        (Resource::Batch, None) => Err(CommandError::Ended(id.clone())),
    }
}

/// How it ended; `None` where somebody has deleted it.
async fn to_its_end(
    resource: Resource,
    id: &Id,
    json: bool,
) -> Result<Option<SessionState>, CommandError> {
    let client = server(PATIENT)?;
    tokio::spawn(tell_trouble(client.troubles()));
    let mut following = Following::new(resource, client, id.clone());
    while let Some(news) = following.next().await? {
        show(&news, json)?;
    }
    Ok(following.end)
}

/// A log that is followed to its end.
pub struct Following {
    resource: Resource,
    client: Client,
    id: Id,
    follower: Follower,
    last_line: Instant,
    /// How what writes it has ended, as far as is known.
    pub end: Option<SessionState>,
}

impl Following {
    /// From what the server keeps of it on.
    pub fn new(resource: Resource, client: Client, id: Id) -> Self {
        let (follower, last_line) = (Follower::default(), Instant::now());
        Self { resource, client, id, follower, last_line, end: None }
    }

    /// What comes next; nothing at its end.
    pub async fn next(&mut self) -> Result<Option<News>, CommandError> {
        loop {
            let log = match all_lines(self.resource, &self.client, &self.id).await {
                Err(error) if error.is_not_found() => {
                    self.end = None;
                    return Ok(None);
                }
                log => log?,
            };
            let news = self.follower.news(&log);
            let is_quiet = news.lines.is_empty();
            // In a burst only the log is worth the time. What was written before the end is in a log
            // that is read a moment after it.
            match (is_quiet, &self.end) {
                (true, Some(_)) => return Ok(None),
                (true, None) => {
                    let state = state(self.resource, &self.client, &self.id).await?;
                    self.end = state.filter(SessionState::is_over);
                }
                (false, _) => {
                    (self.last_line, self.end) = (Instant::now(), None);
                }
            }
            tokio::time::sleep(log::pause(self.last_line.elapsed())).await;
            if !is_quiet || news.gap {
                return Ok(Some(news));
            }
        }
    }
}

/// Patience looks like a hang unless it is said, once each time.
async fn tell_trouble(mut troubles: watch::Receiver<Troubles>) {
    let mut told = false;
    while troubles.changed().await.is_ok() {
        let now = troubles.borrow_and_update().longest().cloned();
        match now {
            Some(trouble) if !told => {
                warn(format!("{}; asking on for two minutes", trouble.reason));
                told = true;
            }
            Some(_) => {}
            None => told = false,
        }
    }
}

fn show(news: &News, json: bool) -> io::Result<()> {
    if news.gap {
        warn("some lines came faster than the server keeps them, and are missing here");
    }
    news.lines.iter().try_for_each(|line| match json {
        true => say_json(&json!({ "line": line })),
        false => say(line),
    })
}

/// `None` where it is gone.
async fn state(
    resource: Resource,
    client: &Client,
    id: &Id,
) -> Result<Option<SessionState>, CommandError> {
    match resource.ask::<Progress>(client, resource.get(id)).await {
        Ok(progress) => Ok(Some(progress.state)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
