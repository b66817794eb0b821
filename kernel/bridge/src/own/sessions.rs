//! `%sessions`, `%delete`, `%cleanup` and `%spark_ui`: what this person's kernels have on the server.

use std::sync::Arc;

use clap::Args;
use livy_client::{Client, Id, Session, session};

use super::{no_session, unanswered};
use crate::{
    command::{self, Resource, terminal::escaped},
    failure::Failure,
    keeper::Keeper,
    leftover,
    origin::Origin,
    panel::Text,
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
pub async fn list(keeper: &Arc<Keeper>, which: &Which) -> Result<Text, Failure> {
    let sessions = all(&keeper.connect().await?.client).await?;
    let here = keeper.live().map(|live| live.session.id);
    let which = if which.all { command::Which::All } else { command::Which::Kernels };
    let is_here = |session: &Session| here.as_ref() == Some(&session.id);
    let shown = sessions.iter().filter(|session| which.has(name(session)) || is_here(session));
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
    let whose = match Origin::of(name(session)) {
        _ if is_here => "this notebook's",
        Some(origin) if origin.is_gone() => "nobody's: its kernel is gone",
        Some(origin) if origin.is_here() => "another notebook's of yours",
        _ => "",
    };
    vec![
        session.id.to_string(),
        escaped(name(session)).replace('\n', "\\n"),
        text(&session.kind),
        session.state.to_string(),
        text(&session.owner),
        whose.to_owned(),
    ]
}

/// Ends one that is not this notebook's.
pub async fn delete(keeper: &Arc<Keeper>, deletion: &Deletion) -> Result<Text, Failure> {
    let client = keeper.connect().await?.client;
    let found = client.send(session::get(&deletion.session.as_str().into())).await;
    let session = found.map_err(|error| unanswered(&error))?;
    if keeper.live().is_some_and(|live| live.session.id == session.id) {
        let next =
            "`%cleanup -f` ends it, `%detach` leaves it, and `%%configure -f` starts another.";
        return Err(Failure::new("UsageError", "that session is this notebook's", next));
    }
    if !deletion.force {
        return Err(unasked(&format!(
            "session {} would be ended, with all its variables",
            session.id
        )));
    }
    end(&client, &session.id).await?;
    Ok(Text::plain(&format!("Session {} is ended.", session.id)))
}

/// Ends this notebook's session, and those of this person's kernels that are gone.
pub async fn clean_up(keeper: &Arc<Keeper>, cleanup: &Cleanup) -> Result<Text, Failure> {
    let client = keeper.connect().await?.client;
    let sessions = all(&client).await?;
    let is_orphan = |session: &&Session| command::Which::Orphaned.has(name(session));
    let orphans: Vec<&Id> = sessions.iter().filter(is_orphan).map(|session| &session.id).collect();
    if !cleanup.force {
        let count = orphans.len();
        return Err(unasked(&format!(
            "this notebook's session would be ended, and {count} of yours whose kernel is gone"
        )));
    }
    let mut ended: Vec<String> = keeper.end_session().await.iter().map(Id::to_string).collect();
    for id in orphans {
        end(&client, id).await?;
        ended.push(id.to_string());
    }
    Ok(Text::plain(&match ended.is_empty() {
        true => "There was nothing to end.".to_owned(),
        false => format!("Ended: session {}. The next cell starts another.", ended.join(", ")),
    }))
}

/// Where Spark tells of itself.
pub async fn spark_ui(keeper: &Keeper) -> Result<Text, Failure> {
    let live = keeper.live().ok_or_else(|| no_session("there is no session, and so no Spark"))?;
    let asked = live.client.send(session::get(&live.session.id)).await;
    let session = asked.map_err(|error| unanswered(&error))?;
    Ok(match session.app_info.spark_ui_url {
        Some(address) => Text::table(&[("Spark UI", address)]),
        None => Text::plain("Livy does not say where this session's Spark UI is."),
    })
}

async fn all(client: &Client) -> Result<Vec<Session>, Failure> {
    let asked = Resource::Session.everything(client).await;
    let sessions = asked.map_err(|error| unanswered(&error))?.into_iter();
    Ok(sessions.filter_map(|session| serde_json::from_value(session).ok()).collect())
}

async fn end(client: &Client, id: &Id) -> Result<(), Failure> {
    leftover::delete(client, id).await.map_err(|error| unanswered(&error))
}

fn name(session: &Session) -> &str {
    session.name.as_deref().unwrap_or_default()
}

fn unasked(what: &str) -> Failure {
    Failure::new("UsageError", what, "Add -f to do it.")
}
