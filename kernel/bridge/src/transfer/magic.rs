//! `%upload` and `%download`.

use std::{
    env,
    path::{Path, PathBuf},
};

use clap::{Args, CommandFactory, Parser};
use tokio_util::sync::CancellationToken;

use crate::{
    agent::Agent,
    display::sink::OutputSink,
    error::CellError,
    language::{
        cell_source,
        magic_line::{self, MagicRequest},
    },
    output::{CellOutput, bytes::bytes},
    records::SessionRecords,
    transfer::{
        download::download,
        error::TransferError,
        local_file::unfit,
        meter::{Direction, Meter},
        upload::upload,
    },
};

/// A magic that transfers a file.
#[derive(Debug, Parser, PartialEq, Eq)]
#[command(multicall = true, disable_help_subcommand = true)]
pub enum FileMagic {
    /// Copy a file of this machine to the driver
    #[command(name = "%upload")]
    Upload(Options),
    /// Copy a file of the driver to this machine
    #[command(name = "%download")]
    Download(Options),
}

/// What is copied.
#[derive(Args, Debug, PartialEq, Eq)]
pub struct Options {
    /// Replaces a file that is there
    #[arg(short, long)]
    force: bool,
    /// The file
    #[arg(value_name = "PATH")]
    path: String,
    /// Where it goes: a folder, or a name for it; by default the current folder
    #[arg(value_name = "DIR", default_value = ".")]
    to: String,
}

/// Parses a cell that is one of these magics; `None` for all other cells.
///
/// # Errors
///
/// The magic's options are wrong.
pub fn parse(cell: &str) -> Option<Result<MagicRequest<FileMagic>, CellError>> {
    let cell = cell_source::skip_to_magic(cell);
    let first = cell.split_whitespace().next()?.to_ascii_lowercase();
    FileMagic::command().find_subcommand(first)?;
    Some(magic_line::parse(cell))
}

/// Transfers the file, and says where it is.
///
/// # Errors
///
/// It was not transferred, or the user interrupts.
pub async fn run(
    magic: &FileMagic,
    agent: &Agent,
    sink: &OutputSink,
    interrupt: &CancellationToken,
    records: &SessionRecords,
) -> Result<(), CellError> {
    let (direction, doing, options) = match magic {
        FileMagic::Upload(options) => (Direction::Upload, "Uploading", options),
        FileMagic::Download(options) => (Direction::Download, "Downloading", options),
    };
    let meter = Meter::new(direction, &options.path, format!("{doing} {}", options.path));
    let transfer = magic.transfer(agent, &meter);
    let transferred =
        meter.show_during(sink.panel(), interrupt, records, transfer).await.ok_or_else(|| {
            CellError::interrupted(
                "the file is not whole and has no name yet. The same cell goes on from there.",
            )
        })?;
    let told = transferred
        .map_err(|error| error.into_cell_error(&format!("{} was not copied", options.path)))?;
    sink.show(vec![CellOutput::Stream(told + "\n")]).await;
    Ok(())
}

impl FileMagic {
    async fn transfer(&self, agent: &Agent, meter: &Meter) -> Result<String, TransferError> {
        match self {
            Self::Upload(Options { force, path, to }) => {
                let (target, size) = upload(agent, &expanded(path), to, *force, meter).await?;
                Ok(format!("{} ({}) is on the driver.", target, bytes(size)))
            }
            Self::Download(Options { force, path, to }) => {
                let target = target(path, to)?;
                let size = download(agent, path, &target, *force, meter).await?;
                Ok(format!("{} ({}) is on this machine.", target.display(), bytes(size)))
            }
        }
    }
}

/// Where a file of the driver goes. Its name is what the user has written, never what the driver says.
fn target(path: &str, to: &str) -> Result<PathBuf, TransferError> {
    let name = Path::new(path).file_name();
    let name = name.ok_or_else(|| unfit(Path::new(path), "is not the name of a file"))?;
    let to = expanded(to);
    let target = if to.is_dir() { to.join(name) } else { to };
    std::path::absolute(&target).map_err(|error| TransferError::Here { path: target, error })
}

/// A path of this machine, of which `~` is the home folder.
fn expanded(path: &str) -> PathBuf {
    match (path.strip_prefix('~'), env::home_dir()) {
        (Some(""), Some(home)) => home,
        (Some(rest), Some(home)) if rest.starts_with('/') => home.join(&rest[1..]),
        _ => PathBuf::from(path),
    }
}
