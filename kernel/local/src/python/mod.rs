//! Runs sessions and batches with this machine's Python and Spark.

mod driver;
mod environment;
mod installation;
mod lines;
mod process_group;
mod protocol;
mod sources;
mod submit;

use std::io;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    batch::{BatchEvent, Submission},
    interpreter::{Command, Event, Launch, Launcher},
};

pub use self::installation::FindError;
pub(crate) use self::installation::Installation;

/// Starts driver processes and `spark-submit`s.
pub(crate) struct PythonLauncher {
    installation: Installation,
}

impl PythonLauncher {
    pub(crate) fn new(installation: Installation) -> Self {
        Self { installation }
    }
}

impl Launcher for PythonLauncher {
    fn submit(
        &self,
        submission: Submission,
        stop: CancellationToken,
        events: mpsc::UnboundedSender<BatchEvent>,
    ) {
        let installation = self.installation.clone();
        tokio::spawn(async move {
            let log = events.clone();
            let work =
                async move { submit::submit(&installation, submission, stop, &events).await };
            if let Err(error) = panic_as_error(work).await {
                let line = format!("spark-submit could not be run: {error}");
                let _ = log.send(BatchEvent::Log(line));
            }
        });
    }

    fn launch(
        &self,
        launch: Launch,
        commands: mpsc::UnboundedReceiver<Command>,
        events: mpsc::UnboundedSender<Event>,
    ) {
        let installation = self.installation.clone();
        tokio::spawn(async move {
            let log = events.clone();
            let work = async move { driver::run(&installation, launch, commands, &events).await };
            if let Err(error) = panic_as_error(work).await {
                let line = format!("The driver process could not be used: {error}");
                let _ = log.send(Event::Log(line));
            }
        });
    }
}

/// Runs `work` in a task of its own, so that a panic becomes an error. The task's process ends with it.
async fn panic_as_error(
    work: impl Future<Output = io::Result<()>> + Send + 'static,
) -> io::Result<()> {
    tokio::spawn(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_that_the_log_can_show() {
        let error = panic_as_error(async { panic!("a test of panics") }).await.unwrap_err();
        assert!(error.to_string().contains("panicked"), "{error}");
    }
}
