//! `%info`: the session, its server, and which abilities are on.

use std::time::Duration;

use livy_client::{Client, Feature, session, version};
use tokio::time::timeout;

use crate::{
    agent::installation::AgentState,
    display::panel::Text,
    kind::Kind,
    language::agent_need::{AgentNeed, AgentUse},
    magics::configure,
    policy::Ability,
    session::{Manager, Starting, State, handle::SessionHandle},
};

/// How long each question to the server may take; what it does not answer is left out.
const INFO_LIMIT: Duration = Duration::from_secs(3);

type Rows = Vec<(&'static str, String)>;

/// Describes the session, its server and the agent. Starts nothing.
pub async fn info(sessions: &Manager, kernel: Kind) -> Text {
    let mut rows = Rows::new();
    rows.extend(sessions.settings_source().map(|source| ("Settings", source.to_owned())));
    rows.extend(sessions.policy().source().map(|source| ("Policy", source)));
    rows.extend(sessions.audits().iter().map(|audit| ("Audit", audit.to_string())));
    match sessions.state() {
        State::Ready(handle) => of_session(sessions, &handle, kernel, &mut rows).await,
        State::Starting(starting) => rows.push(("Session", starting_session(&starting))),
        State::Lost(loss) => rows.push(("Session", format!("{} is gone: {}", loss.id, loss.why))),
        State::Failed(failure) => rows.push(("Session", format!("none: {}", failure.evalue))),
        State::Absent => rows.push(("Session", "none: the first cell starts one".to_owned())),
    }
    rows.extend(configured(sessions));
    Text::fields(&rows)
}

fn starting_session(starting: &Starting) -> String {
    match starting.session_id() {
        Some(id) => format!("{id} is starting on {}", starting.server),
        None => format!("is starting on {}", starting.server),
    }
}

/// What the session was started with, or the next one will be, beside the settings.
fn configured(sessions: &Manager) -> Option<(&'static str, String)> {
    let configuration = sessions.configuration();
    let joined = sessions.ready_session().is_some_and(|handle| !handle.is_own());
    let heading = if joined { "The next session gets" } else { "Configured" };
    (!configuration.is_empty()).then(|| (heading, configure::described(&configuration)))
}

async fn of_session(sessions: &Manager, handle: &SessionHandle, kernel: Kind, rows: &mut Rows) {
    let client = &handle.client;
    let now = timeout(INFO_LIMIT, client.send(session::get(&handle.session.id))).await;
    let (session, state) = match now {
        Ok(Ok(session)) => (session.clone(), session.state.to_string()),
        Ok(Err(error)) => (handle.session.clone(), format!("not known: {error}")),
        Err(_) => (handle.session.clone(), "not known: the server does not answer".to_owned()),
    };
    let name = session.name.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
    rows.push(("Session", format!("{}{name}, {state}", session.id)));
    rows.push(("Server", handle.connection.describe()));
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
    rows.push((
        "Agent",
        match sessions.policy().check(Ability::Agent, "off: the agent") {
            Ok(()) => agent(&handle.agent_state(), handle.agent_need(AgentUse::Session, kernel)),
            Err(refusal) => refusal.to_string(),
        },
    ));
    if let AgentState::Ready(agent) = handle.agent_state()
        && let Ok(Ok(status)) = timeout(INFO_LIMIT, agent.status()).await
    {
        rows.push(("Python", status.python));
        rows.push(("Shell", status.shell));
        rows.push(("Abilities", status.abilities));
    }
    let lacks = Feature::ALL.into_iter().filter(|ability| client.lacks(*ability));
    let lacks: Vec<String> = lacks.map(|ability| ability.to_string()).collect();
    if !lacks.is_empty() {
        rows.push(("The server lacks", lacks.join(", ")));
    }
}

async fn version_of(client: &Client) -> Option<String> {
    let version = timeout(INFO_LIMIT, client.send(version::get())).await.ok()?.ok()?;
    Some(version.version).filter(|version| !version.is_empty())
}

/// Describes whether the session has the agent, and if not, why and how to get it.
fn agent(state: &AgentState, need: AgentNeed) -> String {
    match (state, need) {
        (AgentState::Ready(_), _) => "is there".to_owned(),
        (AgentState::Installing, _) => "is being installed".to_owned(),
        (AgentState::Failed(why), _) => format!("off: {why}"),
        (AgentState::NotRequested, AgentNeed::Never) => "off: LIVY_AGENT=never".to_owned(),
        (AgentState::NotRequested, AgentNeed::OnDemand) => {
            "is installed when a cell takes long or is interrupted; set LIVY_AGENT=always to \
             install it with the session"
                .to_owned()
        }
        (AgentState::NotRequested, _) => {
            "off; set LIVY_AGENT=always to install it (starts Python)".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn the_agent_is_described_with_what_to_do() {
        let failed = AgentState::Failed("Python has not answered".to_owned());
        let states = [
            (AgentState::Installing, AgentNeed::AtSessionStart),
            (failed, AgentNeed::AtSessionStart),
            (AgentState::NotRequested, AgentNeed::Never),
            (AgentState::NotRequested, AgentNeed::OnDemand),
            (AgentState::NotRequested, AgentNeed::IfPresent),
        ];
        let rows: Vec<_> =
            states.iter().map(|(state, need)| ("Agent", agent(state, *need))).collect();
        assert_snapshot!(Text::fields(&rows).plain, @"
        Agent  is being installed
        Agent  off: Python has not answered
        Agent  off: LIVY_AGENT=never
        Agent  is installed when a cell takes long or is interrupted; set LIVY_AGENT=always to install it with the session
        Agent  off; set LIVY_AGENT=always to install it (starts Python)
        ");
    }
}
