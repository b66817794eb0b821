//! The commands of the program, apart from the kernel itself. Each file has one subject.

pub mod bundle;
pub mod cli;
pub mod config;
pub mod doctor;
pub mod error;
pub mod install;
pub mod kernelspec;
pub mod local;
pub mod log;
pub mod metrics;
pub mod orphans;
pub mod resources;
pub mod server;
pub mod streams;
pub mod submit;
pub mod table;

use livy_client::ResendPolicy;

use crate::{
    server::{
        cleanup::PendingCleanup,
        resource::{Resource, Scope},
    },
    settings::Settings,
    terminal::{
        cli::{BatchAction, SessionAction, Task},
        config::config,
        doctor::doctor,
        error::CommandError,
        install::{install, uninstall},
        local::local,
        log::log,
        metrics::metrics,
        orphans::end_orphans,
        server::connect,
        submit::submit,
    },
};

/// Ends a session that its kernel left behind.
async fn end_leftover(settings: &Settings, leftover: &PendingCleanup) -> Result<(), CommandError> {
    let agents = settings.agents().unwrap_or_default();
    leftover.end(&connect(settings, ResendPolicy::NEVER)?, agents).await;
    Ok(())
}

/// Runs a command.
///
/// # Errors
///
/// Fails if the command does; the error has the message for the user and the exit code.
pub async fn run(
    task: Task,
    profile: Option<&str>,
    settings: &Settings,
) -> Result<(), CommandError> {
    match task {
        Task::Install(options) => install(&options, profile, settings),
        Task::Uninstall(options) => uninstall(&options, profile),
        Task::Local(options) => {
            settings.policy.check_this_machine("Spark on this machine")?;
            local(options).await
        }
        Task::Sessions(options) => match options.end {
            true => end_orphans(settings, options.yes, options.output.json).await,
            false => {
                resources::list(settings, Resource::Session, options.scope(), options.output.json)
                    .await
            }
        },
        Task::Session { action } => session(settings, action).await,
        Task::Batch { action } => batch(settings, action).await,
        Task::Config { action } => config(&action, settings),
        Task::EndLeftover(leftover) => end_leftover(settings, &leftover.into()).await,
        Task::Metrics(options) => metrics(settings, options.files),
        Task::Doctor(options) => doctor(settings, &options).await,
    }
}

async fn session(settings: &Settings, action: SessionAction) -> Result<(), CommandError> {
    match action {
        SessionAction::Show(one) => {
            resources::show(settings, Resource::Session, &one.id, one.output.json).await
        }
        SessionAction::Log(options) => log(settings, Resource::Session, &options).await,
        SessionAction::Kill(several) => {
            resources::kill(settings, Resource::Session, &several.ids, several.output.json).await
        }
    }
}

async fn batch(settings: &Settings, action: BatchAction) -> Result<(), CommandError> {
    match action {
        BatchAction::Submit(options) => submit(settings, *options).await,
        BatchAction::List { output } => {
            resources::list(settings, Resource::Batch, Scope::All, output.json).await
        }
        BatchAction::Show(one) => {
            resources::show(settings, Resource::Batch, &one.id, one.output.json).await
        }
        BatchAction::Log(options) => log(settings, Resource::Batch, &options).await,
        BatchAction::Kill(several) => {
            resources::kill(settings, Resource::Batch, &several.ids, several.output.json).await
        }
    }
}
