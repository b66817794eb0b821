//! Follows a log of which the server keeps only the last lines, until its end.

use std::time::Instant;

use livy_client::{Client, Error, Id, SessionState};
use serde::Deserialize;

use crate::server::{
    log_window::{self, LogWindow, News},
    resource::Resource,
};

/// The part of a session or batch that says whether it goes on.
#[derive(Deserialize)]
struct Progress {
    state: SessionState,
}

/// More lines than any server keeps.
const MAX_LOG_LINES: i64 = 100_000;

/// Reads the whole log, in which alone the server's headings can be told from lines.
///
/// # Errors
///
/// Those of the server and of the way to it.
pub async fn all_lines(resource: Resource, client: &Client, id: &Id) -> Result<Vec<String>, Error> {
    Ok(resource.ask(client, resource.lines(id, 0, MAX_LOG_LINES)).await?.log)
}

/// A log that is followed to its end.
pub struct LogFollower {
    resource: Resource,
    client: Client,
    id: Id,
    window: LogWindow,
    last_line: Instant,
    /// The state in which the session or batch has ended, as far as is known.
    pub end: Option<SessionState>,
}

impl LogFollower {
    /// Begins with what the server keeps of the log.
    pub fn new(resource: Resource, client: Client, id: Id) -> Self {
        let (window, last_line) = (LogWindow::default(), Instant::now());
        Self { resource, client, id, window, last_line, end: None }
    }

    /// Waits for the next lines; returns none at the log's end.
    ///
    /// # Errors
    ///
    /// Those of the server and of the way to it.
    pub async fn next(&mut self) -> Result<Option<News>, Error> {
        loop {
            let log = match all_lines(self.resource, &self.client, &self.id).await {
                Err(error) if error.is_not_found() => {
                    self.end = None;
                    return Ok(None);
                }
                log => log?,
            };
            let news = self.window.news(&log);
            let is_quiet = news.lines.is_empty();
            if is_quiet && self.end.is_some() {
                return Ok(None);
            }
            self.note_end(is_quiet).await?;
            tokio::time::sleep(log_window::pause(self.last_line.elapsed())).await;
            if !is_quiet || news.gap {
                return Ok(Some(news));
            }
        }
    }

    /// Asks for the end only while no line comes: in a burst only the log is worth the time. What was
    /// written before the end is in a log that is read a moment after it.
    async fn note_end(&mut self, is_quiet: bool) -> Result<(), Error> {
        if is_quiet {
            let state = state(self.resource, &self.client, &self.id).await?;
            self.end = state.filter(SessionState::is_over);
        } else {
            (self.last_line, self.end) = (Instant::now(), None);
        }
        Ok(())
    }
}

/// The state of a session or batch; none if it is gone.
async fn state(
    resource: Resource,
    client: &Client,
    id: &Id,
) -> Result<Option<SessionState>, Error> {
    match resource.ask::<Progress>(client, resource.get(id)).await {
        Ok(progress) => Ok(Some(progress.state)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
