//! `%%configure`: what the sessions to come get.

use std::sync::Arc;

use clap::Args;

use crate::{
    configuration::Configuration,
    failure::Failure,
    keeper::{Keeper, State},
    kind::Kind,
    panel::Text,
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
    keeper: &Arc<Keeper>,
    kernel: Kind,
    options: &Options,
) -> Result<Text, Failure> {
    let read = Configuration::read(&options.cell, kernel).map_err(|why| wrong(&why))?;
    if !options.force
        && let Some(session) = started(&keeper.state())
    {
        return Err(too_late(&session));
    }
    let configuration = match options.merge {
        true => keeper.configuration().merged(read).map_err(|error| wrong(&error.to_string()))?,
        false => read,
    };
    let told = match serde_json::to_string_pretty(&configuration) {
        Ok(text) if !configuration.is_empty() => text,
        _ => "nothing but the settings".to_owned(),
    };
    keeper.configure(configuration);
    let ended = match options.force {
        true => keeper.begin_anew().await,
        false => None,
    };
    let ended = ended.map(|id| format!("Session {id} is ended. ")).unwrap_or_default();
    Ok(Text::plain(&format!("{ended}The next session gets {told}")))
}

/// The session that there is or will be, to a person.
fn started(state: &State) -> Option<String> {
    match state {
        State::Ready(live) => Some(format!("session {}", live.session.id)),
        State::Starting(_) => Some("the session".to_owned()),
        State::Absent | State::Failed(_) | State::Lost(_) => None,
    }
}

fn too_late(session: &str) -> Failure {
    let what = format!("{session} has started already, and keeps what it was started with");
    let next = "`%%configure -f` ends it and starts another with this; its variables are lost.";
    Failure::new("ConfigureError", what, next)
}

fn wrong(why: &str) -> Failure {
    let next =
        "Correct it and run the cell again; nothing has changed. `%%configure --help` tells more.";
    Failure::new("ConfigureError", why, next)
}
