//! The one display that says how the session's start goes, updated in place.

use std::time::Duration;

use livy_client::Trouble;

use crate::{
    display::panel::{Panel, Text},
    output::html::{escape, link},
    session::{Starting, diagnosis, handle::SessionHandle},
    visible::shortened,
};

/// How much of a log line is shown: it can be longer than a screen is wide.
const LOG_LINE_CHARS: usize = 120;

/// The start of a session, or trouble with its server, on one display.
pub struct Notice(Panel);

impl Notice {
    /// A notice that shows nothing yet.
    pub fn new(panel: Panel) -> Self {
        Self(panel)
    }

    /// Shows how far a start is.
    pub async fn starting(&mut self, starting: &Starting) {
        self.0.show(starting_text(starting, starting.since.elapsed())).await;
    }

    /// Shows the session that has come, where a start was shown before or was not to be seen.
    pub async fn ready(&mut self, handle: &SessionHandle, started_ahead: bool) {
        if started_ahead || self.0.is_shown() {
            self.0.show(ready_text(handle)).await;
        }
    }

    /// Shows that none has come; the error below says why.
    pub async fn failed(&mut self) {
        if self.0.is_shown() {
            self.0.show(Text::plain("No Spark session was started.")).await;
        }
    }

    /// Shows that the start goes on without this cell.
    pub async fn left(&mut self) {
        if self.0.is_shown() {
            self.0
                .show(Text::plain(
                    "The Spark session goes on starting; the next cell will have it.",
                ))
                .await;
        }
    }

    /// Shows that the server does not answer, and is being asked again or waited for.
    pub async fn trouble(&mut self, trouble: &Trouble) {
        let seconds = trouble.since.elapsed().as_secs();
        let text = format!("{}. Trying for {seconds} s now.", trouble.reason);
        self.0.show(Text::plain(&text)).await;
    }

    /// Shows that trouble is over, where it was shown.
    pub async fn over(&mut self) {
        if self.0.is_shown() {
            self.0.show(Text::plain("The connection to Livy was lost for a while.")).await;
        }
    }

    /// Shows that trouble has not ended well; the error below says how.
    pub async fn not_over(&mut self) {
        if self.0.is_shown() {
            self.0.show(Text::plain("The connection to Livy was lost.")).await;
        }
    }
}

fn starting_text(starting: &Starting, elapsed: Duration) -> Text {
    let mut plain = match &starting.recovered {
        None => "Starting a Spark session".to_owned(),
        Some(id) => format!("Taking Livy session {id} back"),
    };
    if !starting.server.is_empty() {
        plain += &format!(" on {}", starting.server);
    }
    let mut log_line = None;
    if let Some(session) = &starting.session {
        plain += &format!(": session {} is {}", session.id, session.state);
        log_line = session.log.iter().rev().find(|line| diagnosis::says_something(line));
    }
    plain += &format!(", {} s", elapsed.as_secs());
    if let Some(what) =
        starting.session.as_ref().and_then(|session| diagnosis::reason_for_waiting(&session.log))
    {
        plain += &format!(": {what}");
    }
    if let Some(trouble) = starting.trouble() {
        plain += &format!(" ({})", trouble.reason);
    }
    let mut html = escape(&plain);
    if let Some(line) = log_line {
        let line = shortened(line.trim(), LOG_LINE_CHARS);
        plain += &format!("\n{line}");
        html += &format!("<br><small>{}</small>", escape(&line));
    }
    Text { plain, html }
}

fn ready_text(handle: &SessionHandle) -> Text {
    let session = &handle.session;
    let mut plain = format!("Spark session {} on {}", session.id, handle.connection.describe());
    if let Some(app) = &session.app_id {
        plain += &format!(", application {app}");
    }
    let mut html = escape(&plain);
    let links = [
        ("Spark UI", &session.app_info.spark_ui_url),
        ("driver log", &session.app_info.driver_log_url),
    ];
    for (name, url) in links {
        if let Some(url) = url.as_deref().and_then(link) {
            plain += &format!(", {name}: {url}");
            html += &format!(" · <a href=\"{}\" target=\"_blank\">{name}</a>", escape(url));
        }
    }
    if handle.lease().is_some_and(|lease| lease.is_used) {
        let name = session.name.as_deref().unwrap_or_default();
        let told =
            format!("Taken from a pool as {name}: variables of earlier notebooks may be in it.");
        plain += &format!("\n{told}");
        html += &format!("<br>{}", escape(&told));
    }
    Text { plain, html }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use livy_client::{Client, Endpoint, Session};
    use serde_json::{Value, json};

    use super::*;

    fn session(value: Value) -> Session {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_start_says_state_seconds_and_the_last_log_line() {
        let starting = Starting {
            since: Instant::now(),
            server: "http://livy.example".into(),
            client: None,
            recovered: None,
            session: Some(session(json!({"id": 8, "state": "starting",
                "log": ["stdout: ", "\nstderr: ", "26/11/24 INFO <Utils>: bound"]}))),
        };
        let text = starting_text(&starting, Duration::from_millis(12_700));
        assert_eq!(
            text.plain,
            "Starting a Spark session on http://livy.example: session 8 is starting, 12 s\n\
             26/11/24 INFO <Utils>: bound"
        );
        assert!(text.html.contains("&lt;Utils&gt;"), "{}", text.html);
    }

    #[test]
    fn a_started_session_has_its_links() {
        let handle = SessionHandle::new(
            Client::new(Endpoint::parse("http://livy.example").unwrap()).unwrap().into(),
            session(json!({"id": 8, "state": "idle", "appId": "application_1",
                "appInfo": {"sparkUiUrl": "http://ui/?a=1&b=2", "driverLogUrl": "javascript:alert(1)"}})),
        );
        let text = ready_text(&handle);
        assert_eq!(
            text.plain,
            "Spark session 8 on http://livy.example, application application_1, Spark UI: http://ui/?a=1&b=2"
        );
        assert!(text.html.contains("href=\"http://ui/?a=1&amp;b=2\""), "{}", text.html);
        assert!(!text.html.contains("javascript"), "{}", text.html);
    }
}
