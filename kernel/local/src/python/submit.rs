//! The `spark-submit` of a batch, below a small Python that ends it when this process ends.

use std::{
    collections::BTreeMap,
    io,
    path::Path,
    process::{ExitStatus, Stdio},
};

use serde_json::json;
use tokio::{
    io::AsyncWriteExt,
    process::{Child, ChildStdout, Command as Process},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

use crate::{
    batch::{BatchEvent, Submission},
    python::{
        environment::{scratch_folder, set_environment, with_scratch_folders},
        installation::Installation,
        lines::{Lines, MAX_LOG_LINE_BYTES},
        process_group::ProcessGroup,
        sources::{APPLICATION, BOOTSTRAP, LAUNCH, SUBMIT},
    },
};

/// Runs an application. Returns when it has ended, or was killed since `stop` was cancelled.
pub(super) async fn submit(
    installation: &Installation,
    submission: Submission,
    stop: CancellationToken,
    events: &mpsc::UnboundedSender<BatchEvent>,
) -> io::Result<()> {
    let scratch = scratch_folder()?;
    let conf = with_scratch_folders(scratch.path(), submission.conf.clone());
    let mut child = process(installation, scratch.path(), &conf).spawn()?;
    let group = ProcessGroup::led_by(&child);
    let _ = events.send(BatchEvent::Running);
    let missing = || io::Error::other("it has no pipe");
    // Taken out of the child, since waiting for the child would close it.
    let mut input = child.stdin.take().ok_or_else(missing)?;
    let output = child.stdout.take().ok_or_else(missing)?;
    // A broken pipe means that the child is gone, which its exit status shows as well.
    let _ = input.write_all(settings(&submission, scratch.path(), &conf).as_bytes()).await;
    let mut log = Lines::new(output, MAX_LOG_LINE_BYTES);
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

/// Passes the log on until the application ends, even if one of its children still holds the log open.
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

fn process(
    installation: &Installation,
    scratch: &Path,
    conf: &BTreeMap<String, String>,
) -> Process {
    let mut process = Process::new(&installation.python);
    process.arg("-c").arg(BOOTSTRAP).env("LIVY_LOCAL_DRIVER", SUBMIT);
    set_environment(&mut process, installation, scratch, conf);
    process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    process.process_group(0).kill_on_drop(true);
    process
}

/// Returns the line that the child reads. Every user of this machine could read a command line.
fn settings(submission: &Submission, scratch: &Path, conf: &BTreeMap<String, String>) -> String {
    let settings = json!({
        "scratch": scratch,
        "launch": LAUNCH,
        "application": APPLICATION,
        "conf": conf,
        "class": submission.class_name,
        "file": submission.file,
        "args": submission.args,
    });
    format!("{settings}\n")
}
