//! Logs that are shown as they grow: of `%logs -f` and `%%batch -f`.

use std::sync::Arc;

use livy_client::SessionState;
use tokio_util::sync::CancellationToken;

use crate::{
    display::sink::OutputSink,
    error::CellError,
    magics::{batch, errors::no_session, logs},
    output::CellOutput,
    server::{log_follower::LogFollower, resource::Resource},
    session::Manager,
    visible::visible,
};

/// Shows the session's log to its end.
///
/// # Errors
///
/// There is no session, the server does not answer, or the user interrupts.
pub async fn session_log(
    sessions: &Manager,
    sink: &OutputSink,
    interrupt: &CancellationToken,
) -> Result<(), CellError> {
    let (client, id) = logs::writer(&sessions.state()).map_err(|why| no_session(&why))?;
    let following = LogFollower::new(Resource::Session, client, id);
    show(following, sink, interrupt).await.map(drop)
}

/// Submits a batch and shows its log to its end.
///
/// # Errors
///
/// The batch is refused or does not succeed, the server does not answer, or the user interrupts.
pub async fn batch_log(
    sessions: &Arc<Manager>,
    options: &batch::Options,
    sink: &OutputSink,
    interrupt: &CancellationToken,
) -> Result<(), CellError> {
    let submitted = batch::submit(sessions, options).await?;
    sink.show(vec![CellOutput::Display(submitted.text().bundle())]).await;
    let following = LogFollower::new(Resource::Batch, submitted.client, submitted.id.clone());
    match show(following, sink, interrupt).await? {
        Some(SessionState::Success) => Ok(()),
        end => Err(batch::ended_badly(&submitted.id, end)),
    }
}

/// Shows a log until its end, and returns the state in which its writer ended.
async fn show(
    mut following: LogFollower,
    sink: &OutputSink,
    interrupt: &CancellationToken,
) -> Result<Option<SessionState>, CellError> {
    loop {
        let news = interrupt.run_until_cancelled(following.next()).await;
        let interrupted =
            || CellError::interrupted("the log is no longer followed; what writes it goes on");
        let news = news.ok_or_else(interrupted)?.map_err(|error| {
            CellError::new("LivyError", error.to_string(), "Ask again when the server is back.")
        })?;
        let Some(news) = news else { return Ok(following.end) };
        let gap = if news.gap { "[some lines came too fast, and are missing here]\n" } else { "" };
        let text = format!("{gap}{}\n", visible(&news.lines.join("\n")));
        sink.show(vec![CellOutput::Stream(text)]).await;
    }
}
