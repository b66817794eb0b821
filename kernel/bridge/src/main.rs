//! `livy-kernel`: a Jupyter kernel that runs notebook cells on Spark through Apache Livy.
//!
//! See `kernel/ARCHITECTURE.md` for the map.

mod cell;
mod cli;
mod completion;
mod dispatch;
mod execution;
mod failure;
mod history;
mod html;
mod keeper;
mod kernel;
mod kernelspec;
mod kind;
mod notice;
mod output;
mod place;
mod python;
mod settings;
mod signals;
mod source;

use std::{process::ExitCode, time::Duration};

use clap::Parser;
use jupyter_wire::ConnectionInfo;
use tracing_subscriber::EnvFilter;

use crate::{
    cli::{Cli, Command, Install, Local, Run},
    keeper::Keeper,
    kernel::Kernel,
};

/// Jupyter waits 2.5 s for a kernel that was asked to end; its session must be gone by then.
const LAST_ORDERS: Duration = Duration::from_millis(1600);

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    log_to_stderr();
    let outcome = match Cli::parse().command {
        Command::Run(options) => asynchronously(run(options)),
        Command::Local(options) => asynchronously(local(options)),
        Command::Install(options) => install(&options),
        Command::Uninstall(options) => uninstall(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("livy-kernel: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Jupyter shows what a kernel writes to stderr; `LIVY_KERNEL_LOG=debug` makes it say more.
fn log_to_stderr() {
    let filter =
        EnvFilter::try_from_env("LIVY_KERNEL_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

fn asynchronously(work: impl Future<Output = Outcome>) -> Outcome {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let outcome = runtime.block_on(work);
    // A name look-up that hangs must not hold the program.
    runtime.shutdown_background();
    outcome
}

async fn run(options: Run) -> Outcome {
    let connection = ConnectionInfo::read(&options.connection_file)?;
    let (requests, frontend) = jupyter_wire::bind(&connection).await?;
    let keeper = Keeper::new(options.kind, settings::place());
    let kernel = Kernel::new(options.kind, keeper.clone(), requests, frontend.clone());
    kernel.run(signals::terminate()).await;
    if tokio::time::timeout(LAST_ORDERS, keeper.end()).await.is_err() {
        tracing::warn!(
            "the session did not end in time; the server ends it after its heartbeat timeout"
        );
    }
    frontend.close().await;
    Ok(())
}

#[allow(clippy::print_stdout, reason = "it is what this command is for")]
async fn local(options: Local) -> Outcome {
    let options =
        livy_local::Options { port: options.port, token: options.token, python: options.python };
    let server = livy_local::start(options).await?;
    let address = server.url().replacen("http://", &format!("http://livy:{}@", server.token()), 1);
    println!("Livy on Spark {} answers at", server.spark_version().unwrap_or_default());
    println!("LIVY_URL={address}");
    signals::ctrl_c_or_terminate().await;
    server.stop().await;
    Ok(())
}

#[allow(clippy::print_stdout, reason = "it is what this command is for")]
fn install(options: &Install) -> Outcome {
    for kind in options.kinds() {
        let folder = kernelspec::install(kind, &options.target())?;
        println!("installed livy-{} in {}", kind.as_str(), folder.display());
    }
    Ok(())
}

#[allow(clippy::print_stdout, reason = "it is what this command is for")]
fn uninstall(options: &Install) -> Outcome {
    for kind in options.kinds() {
        match kernelspec::uninstall(kind, &options.target())? {
            Some(folder) => println!("removed livy-{} from {}", kind.as_str(), folder.display()),
            None => println!("livy-{} was not installed there", kind.as_str()),
        }
    }
    Ok(())
}
