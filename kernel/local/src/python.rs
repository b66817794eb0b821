//! Sessions and batches on this machine's Python and Spark.

pub(crate) mod find;
mod group;
mod lines;
mod process;
mod submit;
mod surroundings;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::batch::{BatchEvent, Submission};
use crate::interpreter::{Command, Event, Launch, Launcher};
use crate::python::find::Found;
use crate::python::process::run;
use crate::python::submit::submit;

/// Launches driver processes and `spark-submit`s.
pub(crate) struct PythonLauncher {
    found: Found,
}

impl PythonLauncher {
    pub(crate) fn new(found: Found) -> Self {
        Self { found }
    }
}

impl Launcher for PythonLauncher {
    fn submit(
        &self,
        submission: Submission,
        stop: CancellationToken,
        events: mpsc::UnboundedSender<BatchEvent>,
    ) {
        let found = self.found.clone();
        tokio::spawn(async move {
            if let Err(error) = submit(&found, submission, stop, &events).await {
                let line = format!("spark-submit could not be run: {error}");
                let _ = events.send(BatchEvent::Log(line));
            }
        });
    }

    fn launch(
        &self,
        launch: Launch,
        commands: mpsc::UnboundedReceiver<Command>,
        events: mpsc::UnboundedSender<Event>,
    ) {
        let found = self.found.clone();
        tokio::spawn(async move {
            if let Err(error) = run(&found, launch, commands, &events).await {
                let _ = events
                    .send(Event::Log(format!("The driver process could not be used: {error}")));
            }
        });
    }
}
