//! `%%configure`: what the sessions to come get.

use std::sync::Arc;

use clap::Args;

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

/// Notes what is wanted, and starts a session with it where one has started without.
pub async fn configure(
    sessions: &Arc<Manager>,
    kernel: Kind,
    options: &Options,
) -> Result<Text, CellError> {
    let read = session_properties::parse(&options.cell, kernel).map_err(|why| wrong(&why))?;
    if !options.force
        && let Some(session) = started(&sessions.state())
    {
        return Err(too_late(&session));
    }
    let configuration = match options.merge {
        true => sessions.configuration().merged(read),
        false => read,
    };
    let told = match serde_json::to_value(&configuration) {
        Ok(value) if !configuration.is_empty() => format!("{:#}", redacted(value)),
        _ => "nothing but the settings".to_owned(),
    };
    sessions.configure(configuration);
    let ended = match options.force {
        true => sessions.restart().await,
        false => None,
    };
    let ended = ended.map(|id| format!("Session {id} is ended. ")).unwrap_or_default();
    Ok(Text::plain(&format!("{ended}The next session gets {told}")))
}

/// Describes the properties of the current or the next session.
fn started(state: &State) -> Option<String> {
    match state {
        State::Ready(handle) => Some(format!("session {}", handle.session.id)),
        State::Starting(_) => Some("the session".to_owned()),
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
