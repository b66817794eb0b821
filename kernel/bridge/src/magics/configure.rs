//! `%%configure`: what the sessions to come get.

use std::sync::Arc;

use clap::Args;
use livy_client::SessionProperties;

use crate::{
    display::panel::Text,
    error::CellError,
    kind::Kind,
    output::redact::redacted,
    session::{Manager, State},
    settings::session_properties,
};

/// Options of `%%configure`, and its JSON.
#[derive(Args, Debug, PartialEq, Eq)]
pub struct Options {
    /// End the session that there is, and start another
    #[arg(short, long)]
    force: bool,
    /// Add to what was configured before, in place of replacing it
    #[arg(short, long)]
    merge: bool,
    #[arg(skip)]
    pub cell: String,
}

/// Notes what is wanted, and starts a session with it in place of one that has started without.
pub async fn configure(
    sessions: &Arc<Manager>,
    kernel: Kind,
    options: &Options,
) -> Result<Text, CellError> {
    let read = session_properties::parse(&options.cell, kernel).map_err(|why| wrong(&why))?;
    let started = started(&sessions.state());
    // Nothing is lost with a session that no cell has asked for.
    let is_unused = sessions.is_started_ahead();
    if let (Some(session), false) = (&started, options.force || is_unused) {
        return Err(too_late(session));
    }
    let configuration = match options.merge {
        true => sessions.configuration().merged(read.properties),
        false => read.properties,
    };
    sessions.check_configuration(configuration.clone())?;
    let gets = described(&configuration);
    sessions.configure(configuration);
    let told = match started.is_some() || is_unused {
        true => {
            let how = if is_unused { ", in which no cell has run," } else { "" };
            let ended = sessions.restart().await.map(|id| format!("Session {id}{how} is ended. "));
            format!("{}The one that starts now gets {gets}", ended.unwrap_or_default())
        }
        false => format!("The next session gets {gets}"),
    };
    let lines: Vec<&str> = std::iter::once(&told).chain(&read.notes).map(String::as_str).collect();
    Ok(Text::lines(&lines))
}

/// The configuration as JSON without its secrets, or the words for an empty one.
pub fn described(configuration: &SessionProperties) -> String {
    match serde_json::to_value(configuration) {
        Ok(value) if !configuration.is_empty() => redacted(value).to_string(),
        _ => "nothing but the settings".to_owned(),
    }
}

/// The session that there is or that starts, which has its properties already.
fn started(state: &State) -> Option<String> {
    match state {
        State::Ready(handle) => Some(format!("session {}", handle.session.id)),
        State::Starting(starting) => Some(match starting.session_id() {
            Some(id) => format!("session {id}"),
            None => "the session".to_owned(),
        }),
        State::Absent | State::Failed(_) | State::Lost(_) => None,
    }
}

fn too_late(session: &str) -> CellError {
    let what = format!("{session} has started already, and keeps what it was started with");
    let next = "`%%configure -f` ends it and starts another with this; its variables are lost.";
    CellError::new("ConfigureError", what, next)
}

fn wrong(why: &str) -> CellError {
    let next =
        "Correct it and run the cell again; nothing has changed. `%%configure --help` tells more.";
    CellError::new("ConfigureError", why, next)
}
