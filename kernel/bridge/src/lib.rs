//! `livy-kernel`: a Jupyter kernel that runs notebook cells on Spark through Apache Livy.
//!
//! `kernel/ARCHITECTURE.md` has the map of the rooms, and the order in which they may import each other.

// A task that panics unnoticed leaves others waiting: `platform::task` starts tasks whose panics are noticed.
#![deny(clippy::disallowed_methods)]
#![cfg_attr(test, allow(clippy::disallowed_methods))]

mod agent;
mod cell;
mod completion;
mod display;
mod error;
mod exec;
mod history;
mod kernel;
mod kind;
mod language;
mod local_python;
mod magics;
mod output;
mod packages;
mod platform;
mod policy;
mod records;
mod server;
mod session;
mod settings;
mod terminal;
mod transfer;
mod visible;

use std::{process::ExitCode, sync::Mutex};

use clap::Parser;
use tracing_subscriber::{EnvFilter, Layer, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    kind::Kind,
    platform::log_file::LogFile,
    settings::Settings,
    terminal::{
        cli::{Cli, Command, Run, Task},
        error::CommandError,
    },
};

/// Runs the program that the command line describes, and returns its exit code.
pub fn main() -> ExitCode {
    let Cli { command, profile } = Cli::parse();
    log(matches!(command, Command::Run(_) | Command::Exec(_)));
    let outcome = Work::of(command).and_then(|work| {
        let settings = Settings::of_process(profile.clone(), work.kind());
        block_on(work.run(profile.as_deref(), &settings))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            terminal::streams::warn(&error);
            error.exit_code()
        }
    }
}

/// What there is to do. The language of cells is known, by which settings are read.
enum Work {
    Kernel(Run),
    Exec(exec::Job),
    Task(Task),
}

impl Work {
    fn of(command: Command) -> Result<Self, CommandError> {
        Ok(match command {
            Command::Run(run) => Self::Kernel(run),
            Command::Exec(options) => Self::Exec(exec::Job::read(options)?),
            Command::Task(task) => Self::Task(task),
        })
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Kernel(run) => run.kind,
            Self::Exec(job) => job.kind,
            Self::Task(_) => Kind::Pyspark,
        }
    }

    async fn run(self, profile: Option<&str>, settings: &Settings) -> Result<(), CommandError> {
        match self {
            Self::Kernel(run) => kernel::run(run.kind, &run.connection_file, settings)
                .await
                .map_err(CommandError::Other),
            Self::Exec(job) => exec::run(job, settings).await,
            Self::Task(task) => terminal::run(task, profile, settings).await,
        }
    }
}

/// What a kernel's file keeps of the log, which needs more than Jupyter's log shows.
const KEPT_LOG: &str = "warn,livy_kernel=debug,livy_client=debug,jupyter_wire=debug";

/// Jupyter shows what a kernel writes to stderr; `LIVY_KERNEL_LOG=debug` makes it say more.
fn log(is_kernel: bool) {
    let filter =
        EnvFilter::try_from_env("LIVY_KERNEL_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    // Its own errors would be said on stderr, which may be what does not work.
    let shown = fmt::layer().with_writer(|| terminal::streams::Log).log_internal_errors(false);
    let file = is_kernel.then(LogFile::of_kernels).flatten();
    let kept = file.map(|file| {
        let layer = fmt::layer().with_ansi(false).log_internal_errors(false);
        layer.with_writer(Mutex::new(file)).with_filter(EnvFilter::new(KEPT_LOG))
    });
    tracing_subscriber::registry().with(shown.with_filter(filter)).with(kept).init();
}

fn block_on(work: impl Future<Output = Result<(), CommandError>>) -> Result<(), CommandError> {
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
