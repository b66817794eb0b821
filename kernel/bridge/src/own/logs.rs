//! `%logs`: the end of the session's log, as the server keeps it.

use clap::Args;
use livy_client::session;

use crate::{failure::Failure, keeper::Keeper, panel::Text};

/// Options of `%logs`.
#[derive(Args, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many lines
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub lines: u32,
}

/// The log's end.
pub async fn of(keeper: &Keeper, options: &Options) -> Result<Text, Failure> {
    let live = keeper.live().ok_or_else(|| {
        let next = "The first cell that runs code starts one.";
        Failure::new("NoSessionError", "there is no session, and so no log", next)
    })?;
    let request = session::log(&live.session.id, Some(-1), Some(options.lines.into()));
    let log = live.client.send(request).await.map_err(|error| {
        Failure::new("LivyError", error.to_string(), "Ask again when the server is back.")
    })?;
    let lines: Vec<&str> = log.log.iter().map(|line| line.trim_matches('\n')).collect();
    Ok(Text::lines(&lines))
}
