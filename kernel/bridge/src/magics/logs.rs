//! `%logs`: the end of the session's log, as the server keeps it.

use clap::Args;
use livy_client::{Client, Id, session};

use crate::{
    display::panel::Text,
    error::CellError,
    magics::errors::unanswered,
    session::{Manager, State},
};

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
    let (client, id) = match writer(&sessions.state()) {
        Ok(writer) => writer,
        // Notebooks ask for it before they run anything.
        Err(why) => return Ok(Text::plain(&why)),
    };
    let request = session::log(&id, Some(-1), Some(options.lines.into()));
    let log = client.send(request).await.map_err(|error| unanswered(&error))?;
    let lines: Vec<&str> = log.log.iter().map(|line| line.trim_matches('\n')).collect();
    Ok(Text::lines(&lines))
}

/// The session whose log there is, which may be starting, or why there is no log.
pub fn writer(state: &State) -> Result<(Client, Id), String> {
    match state {
        State::Ready(handle) => Ok((handle.client.clone(), handle.session.id.clone())),
        State::Starting(starting) => match (&starting.client, starting.session_id()) {
            (Some(client), Some(id)) => Ok((client.clone(), id.clone())),
            _ => Err("The session is starting, and has no log yet.".to_owned()),
        },
        State::Lost(loss) => {
            let why = format!("Session {} is gone: {}.", loss.id, loss.why);
            Err([&[why], loss.log()].concat().join("\n"))
        }
        State::Failed(failure) => {
            Err(format!("There is no session, and so no log: {}", failure.evalue))
        }
        State::Absent => {
            Err("There is no session, and so no log. The first cell that runs code starts one."
                .to_owned())
        }
    }
}
