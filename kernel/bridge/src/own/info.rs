//! `%info`: the session, its server, and which abilities are on.

use std::time::Duration;

use livy_client::{Ability, Client, session, version};
use tokio::time::timeout;

use crate::{
    agent::presence::{Policy, Standing},
    keeper::{Keeper, State},
    live::Live,
    panel::Text,
    settings,
};

/// A server that does not answer is not waited for.
const PATIENCE: Duration = Duration::from_secs(3);

type Rows = Vec<(&'static str, String)>;

/// All that is known now. It starts nothing.
pub async fn about(keeper: &Keeper) -> Text {
    let mut rows = Rows::new();
    rows.extend(settings::current().told().map(|told| ("Settings", told)));
    match keeper.state() {
        State::Ready(live) => of_session(&live, &mut rows).await,
        State::Starting(starting) => {
            rows.push(("Session", format!("is starting on {}", starting.place)));
        }
        State::Lost(loss) => rows.push(("Session", format!("{} is gone: {}", loss.id, loss.why))),
        State::Failed(failure) => rows.push(("Session", format!("none: {}", failure.evalue))),
        State::Absent => rows.push(("Session", "none: the first cell starts one".to_owned())),
    }
    Text::table(&rows)
}

async fn of_session(live: &Live, rows: &mut Rows) {
    let client = &live.client;
    let now = timeout(PATIENCE, client.send(session::get(&live.session.id))).await;
    let (session, state) = match now {
        Ok(Ok(session)) => (session.clone(), session.state.to_string()),
        Ok(Err(error)) => (live.session.clone(), format!("not known: {error}")),
        Err(_) => (live.session.clone(), "not known: the server does not answer".to_owned()),
    };
    let name = session.name.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
    rows.push(("Session", format!("{}{name}, {state}", session.id)));
    rows.push(("Server", live.connection.describe()));
    if let Some(version) = version_of(client).await {
        rows.push(("Livy", version));
    }
    let others = [
        ("Kind", session.kind),
        ("Owner", session.owner),
        ("Runs as", session.proxy_user),
        ("Application", session.app_id),
        ("Spark UI", session.app_info.spark_ui_url),
        ("Driver log", session.app_info.driver_log_url),
    ];
    rows.extend(others.into_iter().filter_map(|(name, value)| Some((name, value?))));
    rows.push(("Agent", agent(live)));
    if let Standing::Here(agent) = live.agent_standing()
        && let Ok(Ok(status)) = timeout(PATIENCE, agent.status()).await
    {
        rows.push(("Python", status.python));
        rows.push(("Abilities", status.abilities));
    }
    let lacks = Ability::ALL.into_iter().filter(|ability| client.lacks(*ability));
    let lacks: Vec<String> = lacks.map(|ability| ability.to_string()).collect();
    if !lacks.is_empty() {
        rows.push(("The server lacks", lacks.join(", ")));
    }
}

async fn version_of(client: &Client) -> Option<String> {
    let version = timeout(PATIENCE, client.send(version::get())).await.ok()?.ok()?;
    Some(version.version).filter(|version| !version.is_empty())
}

/// Whether it is there, and why not.
fn agent(live: &Live) -> String {
    match (live.agent_standing(), live.agent_policy()) {
        (Standing::Here(_), _) => "is there".to_owned(),
        (Standing::Coming, _) => "is being installed".to_owned(),
        (Standing::Away(why), _) => format!("off: {why}"),
        (Standing::Uninvited, Policy::Never) => "off: LIVY_AGENT=never".to_owned(),
        (Standing::Uninvited, _) if live.session.kind.as_deref() != Some("spark") => {
            "off: LIVY_AGENT=always brings it, and a Python for it".to_owned()
        }
        (Standing::Uninvited, _) => {
            "comes when a cell takes long or is to be stopped (LIVY_AGENT=always: at once)"
                .to_owned()
        }
    }
}
