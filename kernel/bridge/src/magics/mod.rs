//! The magics that the kernel answers itself, without a statement: each is a cell of its own.

pub mod attach;
pub mod batch;
pub mod configure;
pub mod errors;
pub mod follow;
pub mod help;
pub mod info;
pub mod logs;
pub mod sessions;
pub mod streams;
pub mod unsupported;

use std::sync::Arc;

use clap::{CommandFactory, Parser};
use tokio_util::sync::CancellationToken;

use crate::{
    display::sink::OutputSink,
    error::CellError,
    kind::Kind,
    language::{
        cell_source,
        magic_line::{self, MagicRequest},
    },
    output::CellOutput,
    session::Manager,
    settings::lenient_json,
};

/// A magic that the kernel answers, with its options.
#[derive(Debug, Parser, PartialEq, Eq)]
#[command(multicall = true, disable_help_subcommand = true)]
pub enum KernelMagic {
    /// Show the session, its server and the abilities of its agent
    #[command(name = "%info", aliases = ["%%info"])]
    Info,
    /// Show the end of the session's log
    #[command(name = "%logs", aliases = ["%%logs"])]
    Logs(logs::Options),
    /// Set the properties of new sessions: a JSON object as Livy's POST /sessions takes, such as {"driverMemory": "2g"}
    #[command(name = "%%configure", aliases = ["%configure"])]
    Configure(configure::Options),
    /// Submit a Spark application as a batch: a JSON object as Livy's POST /batches takes
    #[command(name = "%%batch", aliases = ["%batch"])]
    Batch(batch::Options),
    /// List the sessions of this program's kernels
    #[command(name = "%sessions", aliases = ["%%sessions"])]
    Sessions(sessions::Which),
    /// End another session than this notebook's
    #[command(name = "%delete", aliases = ["%%delete"])]
    Delete(sessions::Deletion),
    /// End this notebook's session, and your sessions whose kernel is gone
    #[command(name = "%cleanup", aliases = ["%%cleanup"])]
    Cleanup(sessions::Cleanup),
    /// Show the address of the Spark UI
    #[command(name = "%spark_ui", aliases = ["%%spark_ui"])]
    SparkUi,
    /// List the session's streaming queries, or stop one
    #[command(name = "%streams", aliases = ["%%streams"])]
    Streams(streams::Options),
    /// List all magics and what they do
    #[command(name = "%help", aliases = ["%%help"])]
    Help,
    /// List the names of all magics
    #[command(name = "%lsmagic", aliases = ["%%lsmagic"])]
    LsMagic,
    /// Run this notebook's cells in an existing session
    #[command(name = "%attach")]
    Attach(attach::Which),
    /// Leave the session running and stop using it
    #[command(name = "%detach")]
    Detach,
    /// Show the newest statements of the session with their outputs
    #[command(name = "%replay")]
    Replay(attach::HowMany),
}

/// Parses a cell that is a magic of the kernel; `None` for all other cells.
///
/// # Errors
///
/// The magic's options are wrong, or the magic is one of sparkmagic's that has no meaning here.
pub fn parse(cell: &str) -> Option<Result<MagicRequest<KernelMagic>, CellError>> {
    let cell = cell_source::skip_to_magic(cell);
    let first = cell.split_whitespace().next().filter(|word| word.starts_with('%'))?;
    if let Some(failure) = unsupported::why_not(first) {
        return Some(Err(failure));
    }
    let command = KernelMagic::command();
    let own = command.find_subcommand(first.to_ascii_lowercase())?;
    let json;
    let head = match own.get_name() {
        // What follows is JSON, which may have comments.
        "%%configure" | "%%batch" => {
            json = lenient_json::strict(cell);
            json.split('{').next().unwrap_or_default()
        }
        _ => cell,
    };
    let mut asked = magic_line::parse(head);
    match &mut asked {
        Ok(MagicRequest::Run(KernelMagic::Configure(options))) => {
            cell.clone_into(&mut options.cell)
        }
        Ok(MagicRequest::Run(KernelMagic::Batch(options))) => cell.clone_into(&mut options.cell),
        _ => {}
    }
    Some(asked)
}

/// Runs a magic and shows its answer.
///
/// # Errors
///
/// The magic's error, or the user's interrupt.
pub async fn run(
    magic: &KernelMagic,
    sessions: &Arc<Manager>,
    kernel: Kind,
    sink: &OutputSink,
    interrupt: &CancellationToken,
) -> Result<(), CellError> {
    match magic {
        KernelMagic::Logs(logs::Options { follow: true, .. }) => {
            return follow::session_log(sessions, sink, interrupt).await;
        }
        KernelMagic::Batch(options) if options.follow => {
            return follow::batch_log(sessions, options, sink, interrupt).await;
        }
        _ => {}
    }
    let answer = interrupt.run_until_cancelled(magic.answer(sessions, kernel)).await;
    sink.show(answer.ok_or_else(CellError::not_run)??).await;
    Ok(())
}

impl KernelMagic {
    /// Returns what the user sees.
    async fn answer(
        &self,
        sessions: &Arc<Manager>,
        kernel: Kind,
    ) -> Result<Vec<CellOutput>, CellError> {
        let text = match self {
            Self::Info => info::info(sessions, kernel).await,
            Self::Logs(options) => logs::of(sessions, options).await?,
            Self::Configure(options) => configure::configure(sessions, kernel, options).await?,
            Self::Batch(options) => batch::submit(sessions, options).await?.text(),
            Self::Sessions(which) => sessions::list(sessions, which).await?,
            Self::Delete(deletion) => sessions::delete(sessions, deletion).await?,
            Self::Cleanup(cleanup) => sessions::clean_up(sessions, cleanup).await?,
            Self::SparkUi => sessions::spark_ui(sessions).await?,
            Self::Streams(options) => streams::streams(sessions, kernel, options).await?,
            Self::Help => help::all(),
            Self::LsMagic => help::names(),
            Self::Attach(which) => attach::attach(sessions, which).await?,
            Self::Detach => attach::detach(sessions).await?,
            Self::Replay(how_many) => return attach::replay(sessions, kernel, how_many).await,
        };
        Ok(vec![CellOutput::Display(text.bundle())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::magic_table::{MAGICS, RunBy};

    fn asked(cell: &str) -> KernelMagic {
        match parse(cell).expect(cell).expect(cell) {
            MagicRequest::Run(own) => own,
            MagicRequest::Help(help) => panic!("{help}"),
        }
    }

    #[test]
    fn a_cell_of_one_magic_is_the_kernels() {
        assert_eq!(asked("%info"), KernelMagic::Info);
        assert_eq!(asked("\n# what is there?\n%%INFO \n"), KernelMagic::Info);
        let KernelMagic::Logs(options) = asked("%logs -n 7") else { panic!("no log") };
        assert_eq!(options.lines, 7);
        assert!(parse("x = 1").is_none() && parse("").is_none() && parse("%time x").is_none());
    }

    /// Within Python code, the agent says of these why they do not run there.
    #[test]
    fn the_agent_knows_every_magic_of_the_kernel() {
        let python = include_str!("../agent/python/magics.py");
        let (_, after) = python.split_once("ALONE = (").unwrap();
        let (known, _) = after.split_once("SHOWN_AS").unwrap();
        for magic in MAGICS.iter().filter(|magic| magic.by == RunBy::Kernel) {
            let name = format!("'{}'", magic.name.trim_start_matches('%'));
            assert!(known.contains(&name), "{name} is missing in {known}");
        }
    }

    #[test]
    fn a_wrong_option_is_told_and_help_is_given() {
        let wrong = parse("%logs -n many").unwrap().unwrap_err();
        assert!(wrong.evalue.contains("invalid value 'many'"), "{}", wrong.evalue);
        let help = parse("%logs --help").unwrap().unwrap();
        assert!(matches!(help, MagicRequest::Help(help) if help.contains("How many lines")));
    }
}
