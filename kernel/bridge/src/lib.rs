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
mod history;
mod kernel;
mod kind;
mod language;
mod local_python;
mod magics;
mod output;
mod packages;
mod platform;
mod server;
mod session;
mod settings;
mod terminal;
mod transfer;
mod visible;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::{
    kind::Kind,
    settings::Settings,
    terminal::{
        cli::{Cli, Command},
        error::CommandError,
    },
};

/// Runs the program that the command line describes, and returns its exit code.
pub fn main() -> ExitCode {
    log_to_stderr();
    let Cli { command, profile } = Cli::parse();
    let kind = if let Command::Run(run) = &command { run.kind } else { Kind::Pyspark };
    let settings = Settings::of_process(profile.clone(), kind);
    let outcome = block_on(async {
        match command {
            Command::Run(run) => kernel::run(run.kind, &run.connection_file, &settings)
                .await
                .map_err(CommandError::Other),
            Command::Task(task) => terminal::run(task, profile.as_deref(), &settings).await,
        }
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

/// Jupyter shows what a kernel writes to stderr; `LIVY_KERNEL_LOG=debug` makes it say more.
fn log_to_stderr() {
    let filter =
        EnvFilter::try_from_env("LIVY_KERNEL_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| terminal::streams::Log)
        // It would be said on stderr, which is what does not work.
        .log_internal_errors(false)
        .init();
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
