//! `livy-kernel`: a Jupyter kernel that runs notebook cells on Spark through Apache Livy.
//!
//! See `kernel/ARCHITECTURE.md` for the map.

mod agent;
mod arguments;
mod ask;
mod beside;
mod cause;
mod cell;
mod claim;
mod cli;
mod columns;
mod command;
mod completeness;
mod completion;
mod configuration;
mod cursor;
mod dispatch;
mod earlier;
mod execution;
mod failure;
mod follow;
mod habits;
mod hidden;
mod history;
mod html;
mod journal;
mod keeper;
mod kernel;
mod kernelspec;
mod kind;
mod leftover;
mod lifespan;
mod live;
mod local;
mod loss;
mod magic;
mod notice;
mod origin;
mod output;
mod overheard;
mod own;
mod panel;
mod parent;
mod place;
mod private;
mod progress;
mod python;
mod query;
mod settings;
mod signals;
mod source;
mod startup;
mod transcript;
mod vscode;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use jupyter_wire::ConnectionInfo;
use tracing_subscriber::EnvFilter;

use crate::{
    agent::presence::Policy,
    cli::{BatchAction, Cli, Command, Run, SessionAction},
    command::{CommandError, Resource, Which},
    history::History,
    journal::Journal,
    keeper::Keeper,
    kernel::Kernel,
    kind::Kind,
    progress::AtEnd,
    settings::{Settings, Terms},
};

/// Jupyter waits 2.5 s for a kernel that was asked to end; its session must be gone by then.
const LAST_ORDERS: Duration = Duration::from_millis(1600);

type Outcome = Result<(), CommandError>;

fn main() -> ExitCode {
    log_to_stderr();
    let Cli { command, profile } = Cli::parse();
    let kind = if let Command::Run(run) = &command { run.kind } else { Kind::Pyspark };
    settings::choose(profile.clone(), kind);
    let outcome = asynchronously(carry_out(command, profile.as_deref()));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            command::warn(&error);
            error.exit_code()
        }
    }
}

async fn carry_out(command: Command, profile: Option<&str>) -> Outcome {
    match command {
        Command::Run(options) => run(options).await,
        Command::Install(options) => command::install(&options, profile),
        Command::Uninstall(options) => command::uninstall(&options, profile),
        Command::Local(options) => command::local(options).await,
        Command::Sessions(options) => match options.end {
            true => command::end_orphans(options.yes, options.output.json).await,
            false => Resource::Session.list(options.which(), options.output.json).await,
        },
        Command::Session { action } => match action {
            SessionAction::Show(one) => Resource::Session.show(&one.id, one.output.json).await,
            SessionAction::Log(log) => command::log(Resource::Session, &log).await,
            SessionAction::Kill(some) => Resource::Session.kill(&some.ids, some.output.json).await,
        },
        Command::Batch { action } => match action {
            BatchAction::Submit(submit) => command::submit(*submit).await,
            BatchAction::List { output } => Resource::Batch.list(Which::All, output.json).await,
            BatchAction::Show(one) => Resource::Batch.show(&one.id, one.output.json).await,
            BatchAction::Log(log) => command::log(Resource::Batch, &log).await,
            BatchAction::Kill(some) => Resource::Batch.kill(&some.ids, some.output.json).await,
        },
        Command::Config { action } => command::config(&action),
        Command::EndLeftover(leftover) => command::end_leftover(&leftover.into()).await,
        Command::Doctor { output, session } => command::doctor(output.json, session).await,
    }
}

/// Jupyter shows what a kernel writes to stderr; `LIVY_KERNEL_LOG=debug` makes it say more.
fn log_to_stderr() {
    let filter =
        EnvFilter::try_from_env("LIVY_KERNEL_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // It would be said on stderr, which is what does not work.
        .log_internal_errors(false)
        .init();
}

fn asynchronously(work: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| CommandError::Other(error.to_string()))?;
    let outcome = runtime.block_on(work);
    // A name look-up that hangs must not hold the program.
    runtime.shutdown_background();
    outcome
}

async fn run(options: Run) -> Outcome {
    // First of all, so that no signal meets a program that does not know it yet.
    let terminate = signals::terminate();
    let connection = ConnectionInfo::read(&options.connection_file)
        .map_err(|error| CommandError::Other(error.to_string()))?;
    let (requests, frontend) = jupyter_wire::bind(&connection)
        .await
        .map_err(|error| CommandError::Other(error.to_string()))?;
    let settings = settings::current();
    warn_of_faults(settings);
    let agents = settings.agents().unwrap_or_else(|error| {
        tracing::warn!("{error}; sessions get an agent when it helps");
        Policy::default()
    });
    let (place, terms) = match settings.terms() {
        Ok(terms) => (settings.place(), terms),
        Err(error) => (Err(error), Terms::default()),
    };
    let (words, said) = tokio::sync::mpsc::unbounded_channel();
    let journal = Journal::beside(&options.connection_file, options.kind);
    let keeper = Keeper::new(options.kind, place, agents, terms, words, journal);
    let history = History::open(options.kind, history_folder());
    let progress = settings.progress().unwrap_or_else(|error| {
        tracing::warn!("{error}; a line stays of each cell's progress");
        AtEnd::default()
    });
    let kernel = Kernel::new(
        options.kind,
        keeper.clone(),
        history.clone(),
        progress,
        said,
        requests,
        frontend.clone(),
    );
    kernel
        .run(async {
            tokio::select! {
                () = terminate => {}
                () = parent::gone() => {}
            }
        })
        .await;
    let ended = async { tokio::join!(history.rest(), keeper.end()) };
    let _ = tokio::time::timeout(LAST_ORDERS, ended).await;
    if let Some(leftover) = keeper.leftover() {
        leftover.hand_over();
    }
    frontend.close().await;
    Ok(())
}

/// Lines of the file that make no sense are left out, and said to whoever reads Jupyter's log.
fn warn_of_faults(settings: &Settings) {
    for fault in settings.file.iter().flat_map(|file| &file.faults) {
        tracing::warn!("{}, line {}: {}", settings.path.display(), fault.line, fault.what);
    }
}

/// Where inputs are kept; a setting that makes no sense may have been meant to keep none.
fn history_folder() -> Option<PathBuf> {
    let kept = settings::current().keeps_history().unwrap_or_else(|error| {
        tracing::warn!("{error}; the history is kept in memory only");
        false
    });
    let data = kept.then(kernelspec::user_data)?.ok()?;
    Some(data.join("livy-kernel").join("history"))
}
