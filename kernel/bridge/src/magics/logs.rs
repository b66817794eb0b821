//! `%logs`: the end of the session's log, as the server keeps it.

use clap::Args;
use livy_client::session;

use crate::{display::panel::Text, error::CellError, magics::errors::unanswered, session::Manager};

/// Options of `%logs`.
#[derive(Args, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many lines
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub lines: u32,
    /// Go on until the session ends, or the cell is interrupted
    #[arg(short, long)]
    pub follow: bool,
}

/// The log's end.
pub async fn of(sessions: &Manager, options: &Options) -> Result<Text, CellError> {
    let Some(handle) = sessions.ready_session() else {
        // Notebooks ask for it before they run anything.
        return Ok(Text::plain(
            "There is no session, and so no log. The first cell that runs code starts one.",
        ));
    };
    let request = session::log(&handle.session.id, Some(-1), Some(options.lines.into()));
    let log = handle.client.send(request).await.map_err(|error| unanswered(&error))?;
    let lines: Vec<&str> = log.log.iter().map(|line| line.trim_matches('\n')).collect();
    Ok(Text::lines(&lines))
}
