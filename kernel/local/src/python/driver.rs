//! The driver process of a session: `driver.py` in a process group of its own, with JSON lines on its pipes.

use std::{collections::BTreeMap, io, path::Path, process::Stdio, time::Duration};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt,
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command as Process},
    sync::mpsc,
    time::timeout,
};

use crate::{
    interpreter::{Command, Event, Launch},
    python::{
        environment::{scratch_folder, set_environment, with_scratch_folders},
        installation::Installation,
        lines::{Lines, MAX_LOG_LINE_BYTES},
        process_group::ProcessGroup,
        protocol::{event, message},
        sources::{BOOTSTRAP, DRIVER, DRIVER_PARTS},
    },
};

/// How long Python and its JVM may take to end before they are killed.
const DRIVER_EXIT_LIMIT: Duration = Duration::from_millis(1500);

/// Runs a driver until the session closes `commands` or the process ends by itself.
pub(super) async fn run(
    installation: &Installation,
    launch: Launch,
    commands: mpsc::UnboundedReceiver<Command>,
    events: &mpsc::UnboundedSender<Event>,
) -> io::Result<()> {
    // Spark would otherwise leave its own files in the notebook's folder.
    let scratch = scratch_folder()?;
    let mut driver = Driver::spawn(process(installation, &launch, scratch.path()))?;
    driver.send(&settings(launch, &scratch)).await;
    driver.serve(commands, events).await;
    driver.end(events).await;
    Ok(())
}

fn process(installation: &Installation, launch: &Launch, scratch: &Path) -> Process {
    let mut process = Process::new(&installation.python);
    process.arg("-c").arg(BOOTSTRAP).env("LIVY_LOCAL_DRIVER", DRIVER);
    set_environment(&mut process, installation, scratch, &launch.conf);
    process
}

/// Returns the first line that the driver reads.
fn settings(launch: Launch, scratch: &TempDir) -> Value {
    json!({
        "scratch": scratch.path(),
        "parts": BTreeMap::from(DRIVER_PARTS),
        "kind": launch.kind.as_str(),
        "conf": with_scratch_folders(scratch.path(), launch.conf),
        "sql_rows": launch.sql_rows,
        "ui_key": launch.ui_key,
    })
}

struct Driver {
    // Dropped first: its group is killed before the child is reaped.
    group: ProcessGroup,
    child: Child,
    input: ChildStdin,
    output: Lines<ChildStdout>,
    log: Lines<ChildStderr>,
}

impl Driver {
    fn spawn(mut process: Process) -> io::Result<Self> {
        process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = process.process_group(0).kill_on_drop(true).spawn()?;
        let missing = || io::Error::other("it has no pipes");
        Ok(Self {
            group: ProcessGroup::led_by(&child),
            input: child.stdin.take().ok_or_else(missing)?,
            output: Lines::new(child.stdout.take().ok_or_else(missing)?, usize::MAX),
            log: Lines::new(child.stderr.take().ok_or_else(missing)?, MAX_LOG_LINE_BYTES),
            child,
        })
    }

    async fn send(&mut self, message: &Value) {
        // A broken pipe means that the driver is gone, which the end of its output shows as well.
        let _ = self.input.write_all(format!("{message}\n").as_bytes()).await;
    }

    /// Passes commands and events on. Returns when the session closes `commands` or the driver is gone.
    async fn serve(
        &mut self,
        mut commands: mpsc::UnboundedReceiver<Command>,
        events: &mpsc::UnboundedSender<Event>,
    ) {
        loop {
            let event = tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => {
                        self.send(&message(command)).await;
                        continue;
                    }
                    None => return,
                },
                line = self.output.next() => match line {
                    Some(line) if line.is_empty() => continue,
                    Some(line) => event(line),
                    None => return,
                },
                Some(line) = self.log.next() => Event::Log(line),
            };
            let _ = events.send(event);
        }
    }

    /// Ends the driver by closing its input. Its log ends when the JVM and all other children are gone too.
    async fn end(self, events: &mpsc::UnboundedSender<Event>) {
        let Self { group, mut child, input, output, mut log } = self;
        drop((input, output));
        let _ = timeout(DRIVER_EXIT_LIMIT, async {
            while let Some(line) = log.next().await {
                let _ = events.send(Event::Log(line));
            }
            child.wait().await
        })
        .await;
        drop(group);
        if let Ok(status) = child.wait().await
            && !status.success()
        {
            let _ = events.send(Event::Log(format!("The driver process ended: {status}")));
        }
    }
}
