//! `%sessions`, `%delete`, `%cleanup` and `%spark_ui`: what this person's kernels have on the server.

use std::sync::Arc;

use clap::Args;
use livy_client::{Client, Id, Session, session};
use serde::Deserialize;

use crate::{
    display::panel::Text,
    error::CellError,
    magics::errors::{no_session, unanswered},
    server::{
        locate::{self, Located},
        resource::{Resource, Scope},
        session_end,
        session_name::{self, SessionName},
    },
    session::Manager,
    settings::choices::AgentPolicy,
};

/// Options of `%sessions`.
#[derive(Args, Debug, PartialEq, Eq)]
pub struct Which {
    /// Everybody's
    #[arg(short, long)]
    all: bool,
}

/// Options of `%delete`.
#[derive(Args, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// The session's id or name
    #[arg(short, long = "session", value_name = "SESSION")]
    session: String,
    /// Do it
    #[arg(short, long)]
    force: bool,
}

/// Options of `%cleanup`.
#[derive(Args, Debug, PartialEq, Eq)]
pub struct Cleanup {
    /// Do it
    #[arg(short, long)]
    force: bool,
}

/// The sessions of this program's kernels, or everybody's.
pub async fn list(sessions: &Arc<Manager>, which: &Which) -> Result<Text, CellError> {
    let listed = all(&sessions.connect().await?.client).await?;
    let listed: Vec<Session> = listed.into_iter().map(|(_, session)| session).collect();
    let state = sessions.state();
    let which = if which.all { Scope::All } else { Scope::Kernels };
    let is_here = |session: &Session| state.session_id() == Some(&session.id);
    let shown = listed.iter().filter(|session| which.includes(name(session)) || is_here(session));
    let rows: Vec<Vec<String>> = shown.map(|session| row(session, is_here(session))).collect();
    Ok(match rows.is_empty() {
        true => Text::plain(
            "The server has no session of a kernel like this. %sessions --all shows others'.",
        ),
        false => Text::rows(&["id", "name", "kind", "state", "owner", "whose"], &rows),
    })
}

fn row(session: &Session, is_here: bool) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let whose = match SessionName::parse(name(session)) {
        _ if is_here => "this notebook's",
        Some(origin) if origin.is_orphaned() => "nobody's: its kernel is gone",
        Some(origin) if origin.is_own() => "another notebook's of yours",
        _ => "",
    };
    vec![
        session.id.to_string(),
        name(session).to_owned(),
        text(&session.kind),
        session.state.to_string(),
        // What a gateway has created for its users is all the gateway's own.
        text(if session.proxy_user.is_some() { &session.proxy_user } else { &session.owner }),
        whose.to_owned(),
    ]
}

/// Ends one that is not this notebook's.
pub async fn delete(sessions: &Arc<Manager>, deletion: &Deletion) -> Result<Text, CellError> {
    let client = sessions.connect().await?.client;
    let found = locate::find(Resource::Session, &client, &deletion.session.as_str().into()).await;
    let Located { client, value } = found.map_err(|error| unanswered(&error))?;
    let session = Session::deserialize(value).map_err(|error| unanswered(&error))?;
    if sessions.ready_session().is_some_and(|handle| handle.is_same(&session)) {
        let next =
            "`%cleanup -f` ends it, `%detach` leaves it, and `%%configure -f` starts another.";
        return Err(CellError::new("UsageError", "that session is this notebook's", next));
    }
    if !deletion.force {
        return Err(unasked(&format!(
            "session {} would be ended, with all its variables",
            session.id
        )));
    }
    end(&client, &session, sessions.agents()).await?;
    Ok(Text::plain(&format!("Session {} is ended.", session.id)))
}

/// Ends this notebook's session, and those of this person's kernels that are gone.
pub async fn clean_up(sessions: &Arc<Manager>, cleanup: &Cleanup) -> Result<Text, CellError> {
    let client = sessions.connect().await?.client;
    let listed = all(&client).await?;
    let is_orphan = |(_, session): &&(Client, Session)| Scope::Orphaned.includes(name(session));
    let orphans: Vec<&(Client, Session)> = listed.iter().filter(is_orphan).collect();
    if !cleanup.force {
        let count = orphans.len();
        return Err(unasked(&format!(
            "this notebook's session would be ended, and {count} of yours whose kernel is gone"
        )));
    }
    let mut ended: Vec<String> = sessions.end_session().await.iter().map(Id::to_string).collect();
    for (client, orphan) in orphans {
        end(client, orphan, sessions.agents()).await?;
        ended.push(orphan.id.to_string());
    }
    Ok(Text::plain(&match ended.is_empty() {
        true => "There was nothing to end.".to_owned(),
        false => format!("Ended: session {}. The next cell starts another.", ended.join(", ")),
    }))
}

/// Where Spark tells of itself.
pub async fn spark_ui(sessions: &Manager) -> Result<Text, CellError> {
    let handle = sessions
        .ready_session()
        .ok_or_else(|| no_session("there is no session, and so no Spark"))?;
    let asked = handle.client.send(session::get(&handle.session.id)).await;
    let session = asked.map_err(|error| unanswered(&error))?;
    Ok(match session.app_info.spark_ui_url {
        Some(address) => Text::fields(&[("Spark UI", address)]),
        None => Text::plain("Livy does not say where this session's Spark UI is."),
    })
}

/// The sessions on all the Livys that this person's ways lead to, and the way to each.
async fn all(client: &Client) -> Result<Vec<(Client, Session)>, CellError> {
    let asked = locate::list_all(Resource::Session, client).await;
    let located = asked.map_err(|error| unanswered(&error))?.into_iter();
    let read = |Located { client, value }| Some((client, serde_json::from_value(value).ok()?));
    Ok(located.filter_map(read).collect())
}

/// Ends what was listed, and nothing that has its number by now.
async fn end(client: &Client, session: &Session, agents: AgentPolicy) -> Result<(), CellError> {
    let client = client.bound_to(session_name::identity(session));
    session_end::end(&client, &session.id, agents).await.map_err(|error| unanswered(&error))
}

fn name(session: &Session) -> &str {
    session.name.as_deref().unwrap_or_default()
}

fn unasked(what: &str) -> CellError {
    CellError::new("UsageError", what, "Add -f to do it.")
}
