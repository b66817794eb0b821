//! Each test runs the real program as a user does, against livy-local, or against a fake server that
//! fails on purpose.

mod batch; // Batches are submitted and followed.
mod certificates; // Real certificates and servers with TLS.
mod config; // Settings are checked and shown.
mod doctor; // The report says what does not work and what to do.
mod exit_codes; // Scripts can tell failures apart.
mod fake; // A Livy that does what a test wants.
mod kill; // Sessions and batches are ended.
mod listing; // Lists are complete and show no secrets.
mod log; // A followed log repeats and loses no line.
mod orphans; // Sessions whose kernel is gone are found and ended.
mod terminal; // Closed pipes and control characters do no harm.

use std::process::{Output, Stdio};

use serde_json::Value;
use tokio::process::Command;

use crate::support::SECRET;

/// Returns a command that runs the program without the settings of the user who runs the tests.
fn command(livy_url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_livy-kernel"));
    for (name, _) in std::env::vars() {
        if name.starts_with("LIVY_") || name.to_ascii_lowercase().ends_with("_proxy") {
            command.env_remove(name);
        }
    }
    command.args(arguments).env("LIVY_URL", livy_url).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs the program. Its output must not contain the server's password.
async fn livy_kernel(livy_url: &str, arguments: &[&str]) -> Output {
    finished(command(livy_url, arguments)).await
}

async fn finished(mut command: Command) -> Output {
    let output = command.output().await.unwrap();
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(!said.contains(SECRET) && !said.contains("panicked"), "{said}");
    output
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn json_of(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}
