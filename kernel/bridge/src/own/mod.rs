//! The magics that the kernel answers itself, without a statement: each is a cell of its own.

mod batch;
mod configure;
mod explained;
mod follow;
mod help;
mod info;
mod logs;
mod sessions;
mod share;

use std::sync::Arc;

use clap::{CommandFactory, Parser};
use livy_client::Error;

use crate::{
    arguments::{self, Asked},
    cell::{Cell, not_run},
    failure::Failure,
    keeper::Keeper,
    kind::Kind,
    output::Shown,
    source,
};

/// A magic of the kernel's, with its options.
#[derive(Debug, Parser, PartialEq, Eq)]
#[command(multicall = true, disable_help_subcommand = true)]
pub enum Own {
    /// What is known of the session and its server, and which abilities are on
    #[command(name = "%info", aliases = ["%%info"])]
    Info,
    /// The end of the session's log
    #[command(name = "%logs", aliases = ["%%logs"])]
    Logs(logs::Options),
    /// What the sessions to come get: a JSON object in Livy's words, such as {"driverMemory": "2g"}
    #[command(name = "%%configure", aliases = ["%configure"])]
    Configure(configure::Options),
    /// Submits a Spark application that runs by itself: a JSON object in Livy's words
    #[command(name = "%%batch", aliases = ["%batch"])]
    Batch(batch::Options),
    /// The sessions that kernels have on the server
    #[command(name = "%sessions", aliases = ["%%sessions"])]
    Sessions(sessions::Which),
    /// Ends a session that is not this notebook's
    #[command(name = "%delete", aliases = ["%%delete"])]
    Delete(sessions::Deletion),
    /// Ends this notebook's session, and those of yours whose kernel is gone
    #[command(name = "%cleanup", aliases = ["%%cleanup"])]
    Cleanup(sessions::Cleanup),
    /// Where Spark tells of itself
    #[command(name = "%spark_ui", aliases = ["%%spark_ui"])]
    SparkUi,
    /// All magics, and what they do
    #[command(name = "%help", aliases = ["%%help"])]
    Help,
    /// The names of all magics
    #[command(name = "%lsmagic", aliases = ["%%lsmagic"])]
    LsMagic,
    /// Runs this notebook's cells in a session that is there
    #[command(name = "%attach")]
    Attach(share::Which),
    /// Leaves the session as it is
    #[command(name = "%detach")]
    Detach,
    /// Shows the newest statements of the session and what they gave
    #[command(name = "%replay")]
    Replay(share::HowMany),
}

/// What a cell asks of the kernel itself, if it does; an error says how to ask.
pub fn read(cell: &str) -> Option<Result<Asked<Own>, Failure>> {
    let cell = source::from_magic(cell);
    let first = cell.split_whitespace().next().filter(|word| word.starts_with('%'))?;
    if let Some(failure) = explained::why_not(first) {
        return Some(Err(failure));
    }
    let command = Own::command();
    let own = command.find_subcommand(first.to_ascii_lowercase())?;
    let head = match own.get_name() {
        // What follows is JSON.
        "%%configure" | "%%batch" => cell.split('{').next().unwrap_or_default(),
        _ => cell,
    };
    let mut asked = arguments::read(head);
    match &mut asked {
        Ok(Asked::Do(Own::Configure(options))) => cell.clone_into(&mut options.cell),
        Ok(Asked::Do(Own::Batch(options))) => cell.clone_into(&mut options.cell),
        _ => {}
    }
    Some(asked)
}

fn no_session(what: &str) -> Failure {
    Failure::new("NoSessionError", what, "The first cell that runs code starts one.")
}

fn unanswered(error: &Error) -> Failure {
    Failure::new("LivyError", error.to_string(), "Ask again when the server is back.")
}

impl Cell {
    /// Does what the kernel itself was asked for.
    pub(crate) async fn answer(&self, own: &Own) -> Result<(), Failure> {
        match own {
            Own::Logs(logs::Options { follow: true, .. }) => return self.follow_session().await,
            Own::Batch(options) if options.follow => return self.follow_batch(options).await,
            _ => {}
        }
        let answer = own.answer(&self.keeper, self.kernel);
        let answer = self.interrupt.run_until_cancelled(answer).await;
        self.show(answer.unwrap_or_else(|| Err(not_run()))?).await;
        Ok(())
    }
}

impl Own {
    /// What a person reads in answer.
    async fn answer(&self, keeper: &Arc<Keeper>, kernel: Kind) -> Result<Vec<Shown>, Failure> {
        let text = match self {
            Self::Info => info::about(keeper).await,
            Self::Logs(options) => logs::of(keeper, options).await?,
            Self::Configure(options) => configure::configure(keeper, kernel, options).await?,
            Self::Batch(options) => batch::submit(keeper, options).await?.text(),
            Self::Sessions(which) => sessions::list(keeper, which).await?,
            Self::Delete(deletion) => sessions::delete(keeper, deletion).await?,
            Self::Cleanup(cleanup) => sessions::clean_up(keeper, cleanup).await?,
            Self::SparkUi => sessions::spark_ui(keeper).await?,
            Self::Help => help::all(),
            Self::LsMagic => help::names(),
            Self::Attach(which) => share::attach(keeper, which).await?,
            Self::Detach => share::detach(keeper)?,
            Self::Replay(how_many) => return share::replay(keeper, kernel, how_many).await,
        };
        Ok(vec![Shown::Display(text.bundle())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(cell: &str) -> Own {
        match read(cell).expect(cell).expect(cell) {
            Asked::Do(own) => own,
            Asked::Help(help) => panic!("{help}"),
        }
    }

    #[test]
    fn a_cell_of_one_magic_is_the_kernels() {
        assert_eq!(asked("%info"), Own::Info);
        assert_eq!(asked("\n# what is there?\n%%INFO \n"), Own::Info);
        let Own::Logs(options) = asked("%logs -n 7") else { panic!("no log") };
        assert_eq!(options.lines, 7);
        assert!(read("x = 1").is_none() && read("").is_none() && read("%time x").is_none());
    }

    #[test]
    fn a_wrong_option_is_told_and_help_is_given() {
        let wrong = read("%logs -n many").unwrap().unwrap_err();
        assert!(wrong.evalue.contains("invalid value 'many'"), "{}", wrong.evalue);
        let help = read("%logs --help").unwrap().unwrap();
        assert!(matches!(help, Asked::Help(help) if help.contains("How many lines")));
    }
}
