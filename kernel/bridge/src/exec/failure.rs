//! Why a run failed: its cell, or that there is no server for it, which scripts tell apart by the exit code.

use std::sync::Arc;

use livy_client::{ResendPolicy, session};

use crate::{
    session::{Manager, State},
    settings::Settings,
    terminal::{error::CommandError, server::connect},
};

/// Returns the outcome, or that of the server if a cell failed because no session could be started there.
pub async fn explained(
    outcome: Result<(), CommandError>,
    sessions: &Arc<Manager>,
    settings: &Settings,
) -> Result<(), CommandError> {
    let has_no_session = matches!(sessions.state(), State::Failed(_) | State::Absent);
    if !matches!(outcome, Err(CommandError::Cell { .. })) || !has_no_session {
        return outcome;
    }
    let Ok(client) = connect(settings, ResendPolicy::NEVER) else { return outcome };
    match client.send(session::list(Some(0), Some(1))).await.map_err(CommandError::from) {
        Err(error) if error.is_unreachable() => Err(error),
        _ => outcome,
    }
}
