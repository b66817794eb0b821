//! `livy-kernel exec`: runs a notebook, a script or SQL without Jupyter. It is the frontend of a kernel in its own
//! process, so cells behave as in a notebook.

mod beginning;
mod console;
mod failure;
mod job;
mod kept_cells;
mod notebook;
mod output_file;
mod outputs;
mod parameters;
mod place;
mod runner;
mod widget_state;

use std::{future::pending, sync::Arc, time::Duration};

use jupyter_wire::Channel;
use serde_json::json;
use tokio::sync::mpsc;

pub use job::Job;

use crate::{
    exec::{beginning::Beginning, place::Place, runner::Runner},
    kernel::{self, Setup},
    platform::{
        file_limit,
        signals::{self, EndSignals},
        task,
    },
    session::{Manager, journal::Journal},
    settings::{SessionSettings, Settings, choices::OnLoss},
    terminal::error::CommandError,
};

/// How long it may take to end the session. A container is killed ten seconds after it was asked to end, and with it
/// the process that would end the session afterwards.
const END_LIMIT: Duration = Duration::from_secs(7);

/// Runs the cells, and ends the session whatever happens.
///
/// # Errors
///
/// A cell fails, there is no session, a signal ends the run, or the notebook cannot be written.
pub async fn run(job: Job, settings: &Settings) -> Result<(), CommandError> {
    let mut signals = signals::end_signals()?;
    file_limit::raise_for_kernel().map_err(CommandError::Other)?;
    settings.target()?;
    let place = Place::of(job.output.as_deref())?;
    let (notify, notices) = mpsc::unbounded_channel();
    let journal = Journal::keeping_last_cell(place.files()?, job.kind);
    let sessions = Manager::new(job.kind, session_settings(settings), notify, journal);
    let beginning = tokio::select! {
        found = beginning::find(&job, &sessions) => found?,
        signal = signals.next() => return Err(CommandError::Ended { signal, cell: None }),
    };
    let setup =
        Setup { kind: job.kind, name: place.name.clone(), sessions, notices, end_limit: END_LIMIT };
    run_kernel(setup, settings, job, beginning, &mut signals).await
}

/// The settings of the session. Nobody is there to read that its variables are lost: the next cell then fails.
fn session_settings(settings: &Settings) -> SessionSettings {
    let mut settings = settings.session_settings();
    settings.options.on_loss = OnLoss::Ask;
    settings
}

/// Runs a kernel for as long as the cells need it.
async fn run_kernel(
    setup: Setup,
    settings: &Settings,
    job: Job,
    beginning: Beginning,
    signals: &mut EndSignals,
) -> Result<(), CommandError> {
    let (requests, frontend, client, mut received) = jupyter_wire::in_process(&setup.name);
    let sessions = Arc::clone(&setup.sessions);
    let kernel_settings = settings.clone();
    let kernel = task::run_detached("it ran cells", async move {
        kernel::serve(setup, &kernel_settings, (requests, frontend), pending()).await
    });
    let cells = async {
        let runner = Runner::new(&client, &mut received, signals, job, beginning.notebook);
        let outcome = runner.run(beginning.first, beginning.resumed).await;
        let outcome = failure::explained(outcome, &sessions, settings).await;
        client.send(Channel::Control, "shutdown_request", &json!({"restart": false}));
        outcome
    };
    match tokio::join!(kernel, cells) {
        (Ok(Ok(())), outcome) => outcome,
        (Ok(Err(why)), _) => Err(CommandError::Other(why)),
        (Err(panicked), _) => Err(CommandError::Other(panicked.to_string())),
    }
}
