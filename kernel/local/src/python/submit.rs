//! One `spark-submit` for each batch, under a small Python that ends it with us.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use tokio::process::{Child, ChildStdout, Command as Process};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::batch::{BatchEvent, Submission};
use crate::python::find::Found;
use crate::python::group::ProcessGroup;
use crate::python::lines::Lines;
use crate::python::process::MAX_LOG_LINE;
use crate::python::surroundings::{keep_in, surround};

const SUBMIT: &str = include_str!("submit.py");

/// Returns when the application has ended, or was killed.
pub(crate) async fn submit(
    found: &Found,
    submission: Submission,
    stop: CancellationToken,
    events: &mpsc::UnboundedSender<BatchEvent>,
) -> io::Result<()> {
    let scratch = tempfile::Builder::new().prefix("livy-local-").tempdir()?;
    let mut child = process(found, submission, scratch.path()).spawn()?;
    let group = ProcessGroup::led_by(&child);
    let _ = events.send(BatchEvent::Running);
    // Held open, or to wait for the child would close it.
    let _input = child.stdin.take();
    let output = child.stdout.take().ok_or_else(|| io::Error::other("it has no pipe"))?;
    let mut log = Lines::new(output, MAX_LOG_LINE);
    let followed = stop.run_until_cancelled(follow(&mut child, &mut log, events)).await;
    drop(group);
    while let Some(line) = log.next().await {
        let _ = events.send(BatchEvent::Log(line));
    }
    let status = match followed {
        Some(status) => status?,
        None => child.wait().await?,
    };
    let _ = events.send(BatchEvent::Ended { success: status.success() });
    Ok(())
}

/// A child of the application may hold the log open for longer than the application lives.
async fn follow(
    child: &mut Child,
    log: &mut Lines<ChildStdout>,
    events: &mpsc::UnboundedSender<BatchEvent>,
) -> io::Result<ExitStatus> {
    loop {
        tokio::select! {
            Some(line) = log.next() => {
                let _ = events.send(BatchEvent::Log(line));
            }
            status = child.wait() => return status,
        }
    }
}

fn process(found: &Found, submission: Submission, scratch: &Path) -> Process {
    let conf = keep_in(scratch, submission.conf);
    let mut process = Process::new(&found.python);
    process.args(["-c", SUBMIT]).arg(scratch).args(options(&conf));
    if let Some(class) = &submission.class_name {
        process.args(["--class", class]);
    }
    process.arg(&submission.file).args(&submission.args);
    surround(&mut process, found, scratch, &conf);
    process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    process.process_group(0).kill_on_drop(true);
    process
}

fn options(conf: &BTreeMap<String, String>) -> impl Iterator<Item = String> {
    conf.iter().flat_map(|(key, value)| ["--conf".to_owned(), format!("{key}={value}")])
}
